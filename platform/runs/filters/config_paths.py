"""Where values stand in a run's configuration: paths as in `trust_region.threshold.value`, lists passed through."""

from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache

from flowdppo_engine.config import RunConfig
from runs.filters.errors import FilterError

PREFIX = "config."


@cache
def all_paths() -> tuple[str, ...]:
    """Every path that a configuration can have a value at, in the order of the schema, variants one after another."""
    schema = RunConfig.model_json_schema()
    return tuple(dict.fromkeys(".".join(path) for path in _walk(schema, schema["$defs"], ())))


@cache
def groups() -> frozenset[str]:
    parts = [path.split(".") for path in all_paths()]
    return frozenset(".".join(path[:end]) for path in parts for end in range(1, len(path)))


def find(field: str) -> tuple[str, ...]:
    """The steps to a value. Raises FilterError where no configuration has one there."""
    path = field.removeprefix(PREFIX)
    steps = tuple(path.split("."))
    named = ".".join(step for step in steps if not step.isdecimal())
    if named in all_paths():
        return steps
    if named in groups():
        below = [known for known in all_paths() if known.startswith(f"{named}.")]
        raise FilterError(field, f"“{field}” is a group: name a value of it, such as {_listed(below[:3])}.")
    near = get_close_matches(named, all_paths(), n=3, cutoff=0.5)
    meant = f"did you mean {_listed(near)}?" if near else "see the list of fields below the box."
    raise FilterError(field, f"No configuration has “{field}”: {meant}")


def _listed(names: list[str]) -> str:
    return " or ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])} or {names[-1]}"


def _walk(node: dict, defs: dict, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    node = _resolve(node, defs)
    branches = _branches(node)
    for branch in branches:
        yield from _walk(branch, defs, path)
    if node.get("type") == "array" and _is_group(node["items"], defs):
        yield from _walk(node["items"], defs, path)
    elif "properties" in node:
        for name, member in node["properties"].items():
            yield from _walk(member, defs, (*path, name))
    elif not branches and node.get("type") != "null":
        yield path


def _is_group(node: dict, defs: dict) -> bool:
    node = _resolve(node, defs)
    return "properties" in node or any(_is_group(branch, defs) for branch in _branches(node))


def _resolve(node: dict, defs: dict) -> dict:
    return defs[node["$ref"].rpartition("/")[2]] if "$ref" in node else node


def _branches(node: dict) -> list[dict]:
    return [branch for kind in ("anyOf", "oneOf", "allOf") for branch in node.get(kind, ())]
