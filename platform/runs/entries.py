"""The blocks of a list such as the rewards: any number of each kind, in an order.

In the form each has a slot: the name of its kind, and from the second of a kind on its number too, as in `vlm_judge`
and `vlm_judge-2`. A slot stands in paths where the schema has the name of the variant.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from runs.knobs import NUMBERED, Block, Node, Path, Union, config_tree, walk


def kind_of(slot: str) -> str:
    return slot.partition(NUMBERED)[0]


def slots_for(kinds: Iterable[str]) -> list[str]:
    """The slots of blocks of these kinds, in their order."""
    seen: Counter[str] = Counter()
    slots = []
    for kind in kinds:
        seen[kind] += 1
        slots.append(kind if seen[kind] == 1 else f"{kind}{NUMBERED}{seen[kind]}")
    return slots


def slots_of(union: Union, blocks: Iterable[Mapping]) -> list[str]:
    """The slots of blocks as a configuration has them."""
    return slots_for(str(block.get(union.discriminator, "")) for block in blocks)


def entry(union: Union, slot: str) -> Block | None:
    """The block in a slot, None where there is no such kind."""
    variant = next((variant for variant in union.variants if variant.key == kind_of(slot)), None)
    return variant and _moved(variant, len(union.path), slot)


def lists() -> Iterator[Union]:
    """The lists of blocks that a configuration has."""
    return (node for node in walk(config_tree()) if isinstance(node, Union) and node.many)


def nodes_of(data: Mapping) -> dict[str, Node]:
    """Every node of the form that shows a configuration, by dotted path."""
    entries = [
        entry(union, slot)
        for union in lists()
        for slot in slots_of(union, data.get(union.path[-1]) or ())
        if entry(union, slot)
    ]
    return {node.dotted: node for top in (config_tree(), *entries) for node in walk(top)}


def _moved(node: Node, place: int, slot: str) -> Node:
    """The node and everything below it with another slot at `place` in their paths."""
    path: Path = (*node.path[:place], slot, *node.path[place + 1 :])
    below = {
        field: tuple(_moved(child, place, slot) for child in getattr(node, field))
        for field in ("members", "variants")
        if hasattr(node, field)
    }
    return replace(node, path=path, **below)
