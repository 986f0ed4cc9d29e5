"""A rejected configuration in words: each wrong field, its value, and what to write instead. Torch-free."""

import difflib
import types
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from flowdppo_engine.config import RunConfig

REMEDIES = {
    "greater_than": "give more than {gt}",
    "greater_than_equal": "give at least {ge}",
    "less_than": "give less than {lt}",
    "less_than_equal": "give at most {le}",
    "multiple_of": "give a multiple of {multiple_of}",
    "literal_error": "choose {expected}",
    "union_tag_invalid": "choose {expected_tags}",
    "union_tag_not_found": "it needs a `name`",
    "missing": "it is required",
    "too_short": "give at least {min_length}",
    "string_too_short": "give at least {min_length} characters",
}


def explain(error: ValidationError) -> list[str]:
    """One sentence for each thing that is wrong, `field = value: remedy.`"""
    return [_explain_one(details) for details in error.errors() if not _follows_from_another(details)]


def _follows_from_another(details: dict[str, Any]) -> bool:
    """Pydantic counts a list's valid entries only, and so calls a list with a wrong one too short as well."""
    return details["type"] == "too_short" and len(details["input"]) >= details["ctx"]["min_length"]


def _explain_one(details: dict[str, Any]) -> str:
    if details["type"] == "value_error":
        # Written by config.py itself: these name field, value and remedy already, unless they speak of one block.
        message = str(details["ctx"]["error"])
        return f"{_dotted(details['loc'])}: {message}" if details["loc"] else message
    field, value = _dotted(details["loc"]), details["input"]
    if details["type"] == "extra_forbidden":
        return f"{field} = {value!r}: there is no such field; {_known_fields(details['loc'])}"
    if details["type"] == "union_tag_invalid":
        field, value = f"{field}.name", details["ctx"]["tag"]
    remedy = REMEDIES.get(details["type"])
    advice = remedy.format(**details["ctx"]) if remedy and "{" in remedy else remedy or _lower_first(details["msg"])
    shown = "" if details["type"] == "missing" else f" = {value!r}"
    return f"{field}{shown}: {advice}."


def _dotted(location: tuple[int | str, ...]) -> str:
    return ".".join(str(key) for key in _walk(location)[0])


def _known_fields(location: tuple[int | str, ...]) -> str:
    path, block = _walk(location[:-1])
    names = list(block.model_fields) if block else []
    close = difflib.get_close_matches(str(location[-1]), names, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"known here: {', '.join(names)}."


def _walk(location: tuple[int | str, ...]) -> tuple[list[int | str], type[BaseModel] | None]:
    """The path as a user writes it, without the kinds of a union that pydantic adds, and the block that it ends in."""
    path, kinds = [], [RunConfig]
    for key in location:
        tagged = [kind for kind in kinds if len(kinds) > 1 and kind.model_fields["name"].default == key]
        if tagged:
            kinds = tagged
            continue
        path.append(key)
        if isinstance(key, str):
            fields = [kind.model_fields[key] for kind in kinds if key in kind.model_fields]
            kinds = [model for field in fields for model in _models_in(field.annotation)]
    return path, kinds[0] if len(kinds) == 1 else None


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """The blocks that a field's type speaks of, within tuples and unions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Annotated, Union, types.UnionType, tuple):
        return [model for part in get_args(annotation) for model in _models_in(part)]
    return []


def _lower_first(message: str) -> str:
    return message[:1].lower() + message[1:]
