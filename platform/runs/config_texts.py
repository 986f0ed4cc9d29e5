"""A run's configuration as the texts of a form, and back.

Every knob has a text under its dotted path; a union has the names of its chosen variants there. Variants that are not
chosen carry their defaults, so that choosing one shows something sensible.
"""

from collections.abc import Iterable, Mapping

import yaml
from pydantic import ValidationError

from flowdppo_engine.config import RunConfig
from flowdppo_engine.recipes import dump_config
from runs.knobs import Block, Kind, Knob, Node, Union, config_tree

Texts = dict[str, list[str]]

PREFIX = "config."
ON = "on"


def texts_of(data: Mapping) -> Texts:
    """The texts that show a configuration, given as plain JSON data; fields that it lacks have none."""
    texts: Texts = {}
    _write_block(config_tree(), data, texts)
    return texts


def data_of(texts: Mapping[str, list[str]]) -> dict:
    """What the texts say, as data for RunConfig to judge. A field that was not sent counts as empty."""
    return _read_block(config_tree(), texts)


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
        case Union():
            chosen = {one[node.discriminator]: one for one in (value if node.many else [value])}
            texts[node.dotted] = list(chosen)
            for variant in node.variants:
                _write_block(variant, chosen.get(variant.key) or variant.defaults, texts)


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


def _read_block(block: Block, texts: Mapping[str, list[str]]) -> dict:
    return {member.path[-1]: _read(member, texts) for member in block.members}


def _read(node: Node, texts: Mapping[str, list[str]]):
    match node:
        case Knob():
            return _value_of(node, texts.get(node.dotted, []))
        case Block():
            return _read_block(node, texts)
        case Union():
            chosen = texts.get(node.dotted, [])
            blocks = [_read_variant(node, name, texts) for name in chosen]
            return blocks if node.many else _only(blocks)


def _read_variant(union: Union, name: str, texts: Mapping[str, list[str]]) -> dict:
    known = (variant for variant in union.variants if variant.key == name)
    fields = next((_read_block(variant, texts) for variant in known), {})
    return {union.discriminator: name, **fields}


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
