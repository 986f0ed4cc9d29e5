"""The knob that a path names: as the command line writes it (`rewards.0.weight`), or as the form does.

In the form a choice has the name of its variant in its paths (`trust_region.divergence_mask.threshold.value`), and a
list of blocks their slots (`rewards.sandbox_soft_tifa.weight`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from runs.config_differences import live_nodes
from runs.config_texts import texts_of
from runs.entries import entry, slots_of
from runs.knobs import Block, Knob, Node, Union, config_tree, label_of


class NoSuchKnob(ValueError):
    """A path that leads to no knob of a configuration."""


@dataclass(frozen=True)
class NamedKnob:
    """A knob, or a choice of one of several variants. `path` is that of the configuration."""

    path: str
    node: Knob | Union

    @property
    def label(self) -> str:
        """In words; with its block where its own name says too little."""
        parts = [part for part in self.path.split(".") if not part.isdigit()]
        if parts[-1] in ("value", "name", "scale", "every") and len(parts) > 1:
            parts = parts[-2:] if parts[-1] != "value" else parts[-2:-1]
        else:
            parts = parts[-1:]
        return " ".join(label_of(part) if place == 0 else label_of(part).lower() for place, part in enumerate(parts))


def find_knob(path: str, data: Mapping) -> NamedKnob:
    """Raises NoSuchKnob, with the nearest names where there are some."""
    found = _walk(config_tree(), path.split("."), data, ())
    if found is None:
        near = get_close_matches(path, [one.path for one in all_knobs(data)], n=3, cutoff=0.5)
        raise NoSuchKnob(
            f"There is no knob {path}: " + (f"did you mean {' or '.join(near)}?" if near else "look it up.")
        )
    if isinstance(found.node, Block) or getattr(found.node, "many", False):
        raise NoSuchKnob(f"{path} is a block: name one of its knobs.")
    return found


def all_knobs(data: Mapping) -> Iterator[NamedKnob]:
    """Every knob and choice that counts in a configuration."""
    for node in live_nodes(texts_of(data)):
        if not getattr(node, "many", False):
            yield _walk(config_tree(), list(node.path), data, ())


def _walk(node: Node, parts: list[str], data, path: tuple[str, ...]) -> NamedKnob | None:
    if not parts:
        return NamedKnob(".".join(path), node)
    part, rest = parts[0], parts[1:]
    match node:
        case Block():
            member = next((member for member in node.members if member.path[-1] == part), None)
            below = data.get(part) if isinstance(data, Mapping) else None
            return member and _walk(member, rest, below, (*path, part))
        case Union(many=True):
            return _walk_into_list(node, part, rest, data, path)
        case Union():
            return _walk_into_choice(node, parts, data, path)
    return None


def _walk_into_list(union: Union, part: str, rest: list[str], data, path: tuple[str, ...]) -> NamedKnob | None:
    slots = slots_of(union, data or ())
    place = int(part) if part.isdecimal() else slots.index(part) if part in slots else len(slots)
    if place >= len(slots):
        return None
    block = entry(union, slots[place])
    return block and _walk(block, rest, data[place], (*path, str(place)))


def _walk_into_choice(union: Union, parts: list[str], data, path: tuple[str, ...]) -> NamedKnob | None:
    """Below the chosen variant, or else below one that has such a knob: another axis may choose it."""
    if parts == [union.discriminator]:
        return NamedKnob(".".join(path), union)
    chosen = data.get(union.discriminator) if isinstance(data, Mapping) else None
    named = [variant for variant in union.variants if variant.key == parts[0]]
    for variant in sorted(union.variants, key=lambda variant: variant.key != chosen):
        if found := _walk(variant, parts, data if variant.key == chosen else {}, path):
            return found
    return next((_walk(variant, parts[1:], data, path) for variant in named if parts[1:]), None)
