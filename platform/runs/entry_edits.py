"""A reward more or less in the texts of a form."""

from collections.abc import Mapping

from runs.config_texts import Texts, texts_of_block
from runs.entries import entry, kind_of, lists, slots_for
from runs.knobs import Union

LABEL = "label"


def renumbered(texts: Mapping[str, list[str]]) -> Texts:
    """The same blocks in the same order, in the slots that they have when they are read back."""
    result = dict(texts)
    for union in lists():
        sent = texts.get(union.dotted, [])
        _put(result, union, sent, slots_for(map(kind_of, sent)))
    return result


def with_block(texts: Mapping[str, list[str]], union: Union, kind: str) -> Texts:
    """The texts with one more block, at the end, filled with defaults; the second of a kind gets a label.

    Without a change where there is no such kind.
    """
    slots = texts.get(union.dotted, [])
    slot = slots_for([*map(kind_of, slots), kind])[-1]
    block = entry(union, slot)
    if block is None:
        return dict(texts)
    added = texts_of_block(block, block.defaults)
    if slot != kind:
        added[f"{block.dotted}.{LABEL}"] = [slot]
    return {**texts, **added, union.dotted: [*slots, slot]}


def without_block(texts: Mapping[str, list[str]], union: Union, slot: str) -> Texts:
    rest = [one for one in texts.get(union.dotted, []) if one != slot]
    result = dict(texts)
    _put(result, union, rest, slots_for(map(kind_of, rest)))
    return result


def with_texts_of(texts: Mapping[str, list[str]], others: Mapping[str, list[str]], path: str) -> Texts:
    """The texts with what the others have at the path and below it."""

    def is_there(name: str) -> bool:
        return name == path or name.startswith(f"{path}.")

    rest = {name: text for name, text in texts.items() if not is_there(name)}
    return rest | {name: text for name, text in others.items() if is_there(name)}


def defaults_of_added(texts: Mapping[str, list[str]], before: Mapping[str, list[str]]) -> Texts:
    """Of each block that is in `texts` and was not before: the texts that it starts with."""
    added: Texts = {}
    for union in lists():
        slots = [slot for slot in texts.get(union.dotted, []) if slot not in before.get(union.dotted, [])]
        for block in (entry(union, slot) for slot in slots):
            added |= texts_of_block(block, block.defaults) if block else {}
    return added


def _put(texts: Texts, union: Union, sent: list[str], slots: list[str]) -> None:
    """Move what stands in the slots `sent` into `slots`; what stands in others goes."""
    below = f"{union.dotted}."
    old = {path.removeprefix(below): texts.pop(path) for path in list(texts) if path.startswith(below)}
    texts[union.dotted] = slots
    for before, now in zip(sent, slots, strict=True):
        texts |= {
            f"{below}{now}.{path.removeprefix(f'{before}.')}": text
            for path, text in old.items()
            if path.startswith(f"{before}.")
        }
