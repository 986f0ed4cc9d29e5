"""A configuration as YAML that a person edits, and what is wrong with it by line."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml
from pydantic import ValidationError

from flowdppo_engine.config import RunConfig
from flowdppo_engine.recipes import dump_config
from runs.config_differences import live_nodes
from runs.config_errors import Errors, explain
from runs.config_texts import Texts, data_of, readable_data_of, texts_of
from runs.entries import lists, slots_of
from runs.knobs import Union
from runs.plain_yaml import NotPlain, require_plain

LONGEST = 100_000


@dataclass(frozen=True)
class Problem:
    """`line` counts from 1; `key` is the field that it is about, where it is about one."""

    line: int
    message: str
    key: str = ""


class YamlInvalid(ValueError):
    """YAML that says no configuration."""

    def __init__(self, problems: list[Problem]):
        super().__init__(" ".join(f"Line {problem.line}: {problem.message}" for problem in problems))
        self.problems = problems


def yaml_of(texts: Texts) -> str:
    """The form as YAML; what is no number where one belongs stands there as it was typed."""
    data = data_of(texts)
    try:
        return dump_config(RunConfig.model_validate(data))
    except ValidationError:
        return yaml.safe_dump(readable_data_of(texts), sort_keys=False, allow_unicode=True)


def texts_of_yaml(text: str, aside: Texts) -> Texts:
    """The form that shows what the YAML says; what it leaves out has RunConfig's default, as on the command line.

    `aside` has the texts of variants that are not chosen, which YAML has no place for. Raises YamlInvalid.
    """
    data = _read(text)
    try:
        config = RunConfig.model_validate(data)
    except ValidationError as error:
        raise YamlInvalid(problems_of(text, explain(error, data))) from error
    texts = texts_of(config.model_dump(mode="json"))
    chosen = {union.dotted: set(texts[union.dotted]) for union in live_nodes(texts) if _is_choice(union)}
    return texts | {path: typed for path, typed in aside.items() if path in texts and _is_aside(path, chosen)}


def problems_of(text: str, errors: Errors) -> list[Problem]:
    """Errors by the form's paths, at the lines of the YAML where their fields stand."""
    root = yaml.compose(text, yaml.SafeLoader)
    found = [
        Problem(_line_of(root, path), message, path.rpartition(".")[2])
        for path, messages in errors.items()
        for message in messages
        if not _is_said_below(path, message, errors)
    ]
    return sorted(found, key=lambda problem: problem.line)


def _is_said_below(path: str, message: str, errors: Errors) -> bool:
    """A combination is named at its block, and again at the field where it can be put right."""
    return any(
        other.startswith(f"{path}.".lstrip(".")) and other != path and message in errors[other] for other in errors
    )


def _read(text: str) -> dict:
    if len(text) > LONGEST:
        raise YamlInvalid([Problem(1, f"It has {len(text):,} characters: give at most {LONGEST:,}.")])
    try:
        require_plain(text)
        root = yaml.compose(text, yaml.SafeLoader)
        data = yaml.safe_load(text)
        json.dumps(data, default=str, ensure_ascii=False).encode()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise YamlInvalid([Problem(line, _words(error))]) from None
    except NotPlain as refused:
        raise YamlInvalid([Problem(refused.line, str(refused))]) from None
    except (yaml.YAMLError, ValueError, TypeError) as error:
        raise YamlInvalid([Problem(1, f"It cannot be read as YAML: {error}.")]) from None
    if not isinstance(data, dict):
        raise YamlInvalid([Problem(1, "It is no mapping of fields to values: begin with `iterations: 100`, say.")])
    if problems := [*_find_doubles(root), *_find_misshapen(root, data)]:
        raise YamlInvalid(problems)
    return data


def _words(error: yaml.MarkedYAMLError) -> str:
    said = ", ".join(filter(None, (error.context, error.problem)))
    return f"It is not YAML: {said}."


def _find_doubles(node: yaml.Node) -> Iterator[Problem]:
    """YAML's reader takes the last of two fields with one name, and says nothing."""
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                yield Problem(key.start_mark.line + 1, f"{key.value} stands here twice: keep one.")
            seen.add(key.value if isinstance(key.value, str) else None)
            yield from _find_doubles(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _find_doubles(item)


def _find_misshapen(root: yaml.Node, data: Mapping) -> Iterator[Problem]:
    for union in lists():
        blocks = data.get(union.dotted, [])
        if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
            message = f"Give a list of blocks, each with a dash before it and its {union.discriminator}."
            yield Problem(_line_of(root, union.dotted), message)


def _line_of(root: yaml.Node, path: str) -> int:
    """Where a field of the form stands; the line of its block where it is left out."""
    node, line = root, root.start_mark.line + 1
    for part in filter(None, path.split(".")):
        if isinstance(node, yaml.SequenceNode):
            part = str(_place_of(node, part))
        # The form's paths have the variant's name between a choice and its fields, which YAML has not.
        if found := dict(_children(node)).get(part):
            line, node = found
    return line


def _place_of(node: yaml.SequenceNode, slot: str) -> int:
    """The place of a slot in a list of blocks."""
    union = next(iter(lists()))
    blocks = [{key.value: value.value for key, value in item.value} for item in node.value]
    slots = slots_of(union, blocks)
    return slots.index(slot) if slot in slots else -1


def _children(node: yaml.Node) -> Iterator[tuple[str, tuple[int, yaml.Node]]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield str(key.value), (key.start_mark.line + 1, value)
    elif isinstance(node, yaml.SequenceNode):
        for place, item in enumerate(node.value):
            yield str(place), (item.start_mark.line + 1, item)


def _is_choice(node) -> bool:
    return isinstance(node, Union) and not node.many


def _is_aside(path: str, chosen: Mapping[str, set[str]]) -> bool:
    """Whether a text belongs to a variant that is not chosen."""
    return any(
        path.startswith(f"{union}.") and path.removeprefix(f"{union}.").partition(".")[0] not in names
        for union, names in chosen.items()
    )
