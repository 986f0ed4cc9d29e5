"""A run's configuration as the texts of a form, and back.

Every knob has a text under its dotted path; a union has the name of its chosen variant there, a list of blocks its
slots (entries.py). Variants that are not chosen carry their defaults, so that choosing one shows something sensible.
"""

from collections.abc import Callable, Iterable, Mapping

import yaml
from pydantic import ValidationError

from flowdppo_engine.config import RunConfig
from flowdppo_engine.recipes import dump_config
from runs.entries import entry, kind_of, slots_of
from runs.knobs import Block, Kind, Knob, Node, Union, config_tree

Texts = dict[str, list[str]]
ValueOf = Callable[[Knob, list[str]], object]

PREFIX = "config."
ON = "on"


def texts_of(data: Mapping) -> Texts:
    """The texts that show a configuration, given as plain JSON data; fields that it lacks have none."""
    return texts_of_block(config_tree(), data)


def texts_of_block(block: Block, data: Mapping) -> Texts:
    """The same for a part of a configuration."""
    texts: Texts = {}
    _write_block(block, data, texts)
    return texts


def data_of(texts: Mapping[str, list[str]]) -> dict:
    """What the texts say, as data for RunConfig to judge. A field that was not sent counts as empty."""
    return _read_block(config_tree(), texts, _value_of)


def readable_data_of(texts: Mapping[str, list[str]]) -> dict:
    """The same for a person to read: numbers are numbers, and what is none where one belongs is as it was typed."""
    return _read_block(config_tree(), texts, _readable_value_of)


def as_yaml(data: Mapping) -> str:
    """A stored configuration as the command line reads it; one of an older release as it was stored."""
    try:
        return dump_config(RunConfig.model_validate(data))
    except ValidationError:
        return yaml.safe_dump(dict(data))


def _write_block(block: Block, data: Mapping, texts: Texts) -> None:
    for member in block.members:
        if member.path[-1] in data:
            _write(member, data[member.path[-1]], texts)


def _write(node: Node, value, texts: Texts) -> None:
    match node:
        case Knob():
            texts[node.dotted] = _text_of(node, value)
        case Block():
            _write_block(node, value, texts)
        case Union(many=True):
            slots = slots_of(node, value)
            texts[node.dotted] = slots
            for slot, one in zip(slots, value, strict=True):
                if block := entry(node, slot):
                    _write_block(block, block.defaults | one, texts)
        case Union():
            chosen = value[node.discriminator]
            texts[node.dotted] = [chosen]
            for variant in node.variants:
                _write_block(variant, value if variant.key == chosen else variant.defaults, texts)


def _text_of(knob: Knob, value) -> list[str]:
    if value is None:
        return [""]
    match knob.kind:
        case Kind.TOGGLE:
            return [ON] if value else []
        case Kind.LINES:
            return ["\n".join(value)]
        case Kind.CHOICES:
            return list(value)
        case Kind.NUMBER:
            return [format_number(value)]
        case _:
            return [str(value)]


def format_number(value: float) -> str:
    """The shortest text that reads back as the same number, as a person would type it: 1e-6, 0.8, 32."""
    digits, e, exponent = repr(float(value)).partition("e")
    return digits.removesuffix(".0") + (f"e{int(exponent)}" if e else "")


def _read_block(block: Block, texts: Mapping[str, list[str]], value_of: ValueOf) -> dict:
    return {member.path[-1]: _read(member, texts, value_of) for member in block.members}


def _read(node: Node, texts: Mapping[str, list[str]], value_of: ValueOf):
    match node:
        case Knob():
            return value_of(node, texts.get(node.dotted, []))
        case Block():
            return _read_block(node, texts, value_of)
        case Union():
            blocks = [_read_entry(node, slot, texts, value_of) for slot in texts.get(node.dotted, [])]
            return blocks if node.many else _only(blocks)


def _read_entry(union: Union, slot: str, texts: Mapping[str, list[str]], value_of: ValueOf) -> dict:
    block = entry(union, slot)
    return {union.discriminator: kind_of(slot), **(_read_block(block, texts, value_of) if block else {})}


def _only(blocks: Iterable[dict]) -> dict:
    return next(iter(blocks), {})


def _value_of(knob: Knob, texts: list[str]):
    if knob.kind is Kind.TOGGLE:
        return ON in texts
    if knob.kind is Kind.CHOICES:
        return list(texts)
    # PostgreSQL cannot store NUL; shown as browsers show it, it can be seen and corrected.
    text = (texts[0] if texts else "").strip().replace("\0", "\ufffd")
    if knob.kind is Kind.LINES:
        return [line.strip() for line in text.splitlines() if line.strip()]
    return None if knob.optional and not text else text


def _readable_value_of(knob: Knob, texts: list[str]):
    value = _value_of(knob, texts)
    for read in (int, float) if knob.kind in (Kind.INTEGER, Kind.NUMBER) and value else ():
        try:
            return read(value)
        except ValueError:
            continue
    return value
