"""What is wrong with a configuration, in words, at the field where it can be put right."""

import re
from collections.abc import Iterator, Mapping

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from catalog.prompt_files import with_files
from flowdppo_engine.config import RunConfig
from flowdppo_engine.prompt_checks import find_prompt_problems
from runs.entries import lists, nodes_of, slots_of
from runs.knobs import Bounds, Kind, Knob, Node, config_tree
from runs.server_paths import find_outside_paths, on_this_server

Errors = dict[str, list[str]]

TOP = ""


class ConfigInvalid(ValueError):
    """A configuration that cannot run. `errors` has messages by dotted path; the empty path is the whole."""

    def __init__(self, errors: Errors):
        super().__init__(" ".join(f"{path}: {' '.join(messages)}" for path, messages in errors.items()))
        self.errors = errors


def check_config(data: Mapping) -> RunConfig:
    """The configuration that the data describe. Raises ConfigInvalid with every problem that can be seen from here."""
    return ConfigCheck()(data)


class ConfigCheck:
    """Checks configurations that have much in common: what a prompt set and its rewards have to do with each other,
    for which its file is read, is found out once."""

    def __init__(self):
        self._known: dict[str, Errors] = {}

    def __call__(self, data: Mapping) -> RunConfig:
        """As check_config."""
        try:
            config = RunConfig.model_validate(data)
        except ValidationError as error:
            raise ConfigInvalid(explain(error, data)) from error
        config = on_this_server(config)
        if outside := _gather(find_outside_paths(config)):
            raise ConfigInvalid(outside)
        if unfit := self._unfit_prompts(config):
            raise ConfigInvalid(unfit)
        return config

    def _unfit_prompts(self, config: RunConfig) -> Errors:
        key = config.model_dump_json(include={"prompts", "rewards", "evaluation", "checkpoint"})
        if key not in self._known:
            problems = find_prompt_problems(with_files(config))
            self._known[key] = _gather((problem.field, _sentence(problem.message)) for problem in problems)
        return self._known[key]


def explain(error: ValidationError, data: Mapping) -> Errors:
    """What RunConfig has against the data."""
    return _gather(_explain_all(error, data))


def _explain_all(error: ValidationError, data: Mapping) -> Iterator[tuple[str, str]]:
    nodes = nodes_of(data)
    for details in error.errors():
        if details["type"] == "too_short" and details["input"]:
            continue  # Items were given, and each has an error of its own.
        path = named = _path_of(details["loc"], data)
        while ".".join(path) not in nodes and path:
            path = path[:-1]
        if details["type"] == "extra_forbidden":
            yield ".".join(named), f"There is no knob {'.'.join(map(str, details['loc']))}: remove it."
        else:
            yield from _explain(details, nodes[".".join(path)], nodes, data)


def _explain(details: ErrorDetails, node: Node, nodes: Mapping[str, Node], data: Mapping) -> Iterator[tuple[str, str]]:
    if isinstance(node, Knob):
        yield node.dotted, _explain_value(details, node)
    elif details["type"] == "value_error":
        message = _with_slots(str(details["ctx"]["error"]), data)
        yield from _explain_combination(message, node, nodes)
    elif details["type"] == "too_short":
        yield node.dotted, "Choose at least one."
    elif details["type"].startswith("union_tag"):
        yield node.dotted, "Choose one of the list."
    else:
        yield node.dotted, _sentence(f"{'.'.join(map(str, details['loc']))}: {details['msg']}")


def _explain_combination(message: str, node: Node, nodes: Mapping[str, Node]) -> Iterator[tuple[str, str]]:
    """Each problem at the block it was found in, and again at the field that it names."""
    for problem in _split_problems(message):
        yield node.dotted, problem
        named = _find_named(problem, node, nodes)
        if named and named != node.dotted:
            yield named, problem


def _path_of(loc: tuple[int | str, ...], data: Mapping) -> tuple[str, ...]:
    """Where the form has what pydantic names, which counts the blocks of a list and adds their kind."""
    for union in lists():
        place = len(union.path)
        if loc[:place] == union.path and len(loc) > place:
            slot = slots_of(union, data[union.path[-1]])[loc[place]]
            loc = (*union.path, slot, *loc[place + 2 :])
    return tuple(str(part) for part in loc if isinstance(part, str))


def _with_slots(message: str, data: Mapping) -> str:
    """The sentences of RunConfig's own check count the blocks of a list; the form has slots."""
    for union in lists():
        slots = slots_of(union, data.get(union.path[-1]) or ())
        counted = rf"\b{re.escape(union.dotted)}\.(\d+)\."
        message = re.sub(counted, lambda found, at=union.dotted, slots=slots: f"{at}.{slots[int(found[1])]}.", message)
    return message


def _split_problems(message: str) -> list[str]:
    """The sentences of RunConfig's own check: each begins with the path of a field."""
    fields = "|".join(re.escape(member.path[0]) for member in config_tree().members)
    return re.split(rf"(?<=\.)\s+(?=(?:{fields})\b[.\s:])", message)


def _find_named(problem: str, node: Node, nodes: Mapping[str, Node]) -> str | None:
    """The dotted path that a problem starts with, absolute or within its block."""
    start = re.match(r"[a-z_0-9]+(?:\.[a-z_0-9-]+)*", problem)
    if not start:
        return None
    candidates = (start[0], f"{node.dotted}.{start[0]}")
    return next((path for path in candidates if path in nodes), None)


def _explain_value(details: ErrorDetails, knob: Knob) -> str:
    kind = details["type"]
    given = _quoted(details["input"])
    if kind in ("string_too_short", "too_short", "missing") or details["input"] in ("", None):
        return f"Empty: give {_wanted(knob)}."
    if kind == "literal_error":
        return f"{given} is not in the list: choose {_listed(knob.choices)}."
    if kind.startswith(("int_", "float_", "finite_", "greater_", "less_", "multiple_")):
        return f"{given} does not fit: give {_wanted(knob)}."
    if kind == "string_pattern_mismatch":
        return f"{given} does not fit: it must look like {details['ctx']['pattern']}."
    if kind == "value_error":
        return _sentence(f"{given}: {details['ctx']['error']}")
    return _sentence(f"{given}: {details['msg']}")


def _wanted(knob: Knob) -> str:
    """What a field takes, as the end of a sentence."""
    match knob.kind:
        case Kind.INTEGER:
            return f"a whole number{_range(knob.bounds)}"
        case Kind.NUMBER:
            return f"a number{_range(knob.bounds)}"
        case Kind.CHOICE | Kind.CHOICES:
            return _listed(knob.choices)
        case Kind.LINES:
            return "at least one line"
        case _:
            return "a text"


def _range(bounds: Bounds) -> str:
    if bounds.minimum is not None and bounds.maximum is not None:
        said = [f"from {bounds.minimum:.12g} to {bounds.maximum:.12g}"]
    else:
        limits = {
            "of at least": bounds.minimum,
            "above": bounds.above,
            "of at most": bounds.maximum,
            "below": bounds.below,
        }
        said = [f"{word} {limit:.12g}" for word, limit in limits.items() if limit is not None]
    if bounds.multiple_of:
        said.append(f"divisible by {bounds.multiple_of:.12g}")
    return " " + " and ".join(said) if said else ""


def _listed(choices: tuple[str, ...]) -> str:
    return " or ".join(choices)


def _quoted(value, limit: int = 40) -> str:
    text = str(value)
    return f"“{text[:limit]}…”" if len(text) > limit else f"“{text}”"


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _gather(found: Iterator[tuple[str, str]]) -> Errors:
    errors: Errors = {}
    for path, message in found:
        messages = errors.setdefault(path, [])
        if message not in messages:
            messages.append(message)
    return errors
