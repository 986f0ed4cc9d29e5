"""A configuration as a program sends it: a recipe or another run, with changes on top; checked as the form's is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import yaml
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Schema
from pydantic import Field

from api.inputs import Text, storable
from api.problems import Problem, refused_for, unfit
from api.schemas import CheckedOut
from flowdppo_engine.config import RunConfig
from flowdppo_engine.recipes import apply_overrides, dump_config, merge, recipe_fields
from runs.config_errors import ConfigInvalid, check_config
from runs.entries import lists, slots_of
from runs.models import Run
from runs.plain_yaml import NotPlain, require_plain
from runs.plans import plan_of
from runs.selectors import visible_runs
from teams.models import User

router = Router(tags=["Configurations"])

MAX_CHANGES = 200
MAX_YAML = 100_000
TOO_DEEP = "It is nested too deeply: a configuration has a few levels."

Yaml = Annotated[Text, Field(max_length=MAX_YAML)]


class Configuration(Schema, extra="forbid"):
    """`config` goes on top of the recipe's or the other run's fields, and `set` on top of that."""

    recipe: Annotated[Text, Field(description="A named recipe.")] = ""
    like: Annotated[UUID | None, Field(description="A run to copy.")] = None
    config: Annotated[dict[str, Any] | Yaml, Field(description="Fields of RunConfig, or the same as YAML.")] = {}
    set: Annotated[list[Yaml], Field(max_length=MAX_CHANGES, description="Single changes: a.b=c, c in YAML.")] = []


@dataclass(frozen=True)
class Resolved:
    """`source` is the run that was copied, where one was."""

    recipe: str
    config: RunConfig
    source: Run | None = None


@router.post("/configurations/check", response=CheckedOut)
def check_configuration(request: HttpRequest, body: Configuration):
    """The configuration as it would be submitted, or what is wrong with it; nothing is kept."""
    config = resolve(request.user, body).config
    data = config.model_dump(mode="json")
    plan = plan_of(data)
    return CheckedOut(config=data, yaml=dump_config(config), facts=plan.facts, warnings=plan.warnings)


def resolve(user: User, body: Configuration) -> Resolved:
    """The configuration that was asked for. Refuses one that cannot run, field by field."""
    recipe, base, source = _base(user, body)
    data = _with_changes(merge(base, _fields(body.config)), body.set)
    _require_lists_of_blocks(data)
    try:
        _require_storable(data)
    except RecursionError:
        raise unfit("config", None, TOO_DEEP) from None
    try:
        return Resolved(recipe, check_config(data), source)
    except ConfigInvalid as invalid:
        raise refused_for(_problems(invalid, data)) from invalid


def _base(user: User, body: Configuration) -> tuple[str, dict, Run | None]:
    """The recipe that it goes by, what to start from, and the run that this is of."""
    if body.recipe and body.like:
        raise unfit("like", str(body.like), "Give either a recipe or a run to copy, not both.")
    if body.like:
        run = get_object_or_404(visible_runs(user), id=body.like)
        return run.recipe, run.config, run
    if not body.recipe:
        if not body.config:
            raise unfit("recipe", "", "Empty: give a recipe, a run to copy (like), or a whole configuration (config).")
        return "", {}, None
    try:
        return body.recipe, recipe_fields(body.recipe), None
    except ValueError:
        message = f"There is no recipe “{body.recipe}”: choose one that /api/v1/recipes lists."
        raise unfit("recipe", body.recipe, message) from None


def _fields(config: dict[str, Any] | str) -> dict[str, Any]:
    if isinstance(config, dict):
        return config
    _require_plain("config", config)
    try:
        fields = yaml.safe_load(config)
    except (yaml.YAMLError, ValueError) as error:
        raise unfit("config", config, _sentence(f"It is not YAML: {error}")) from error
    if not isinstance(fields, dict):
        raise unfit("config", config, "It is no mapping of fields to values: begin with `iterations: 100`, say.")
    return fields


def _with_changes(data: dict[str, Any], changes: list[str]) -> dict[str, Any]:
    for number, change in enumerate(changes):
        field = f"set.{number}"
        _require_plain(field, change.partition("=")[2])
        try:
            data = apply_overrides(data, [change])
        except ValueError as error:
            raise unfit(field, change, _sentence(str(error).removeprefix("--set "))) from error
        except RecursionError:
            raise unfit(field, change, TOO_DEEP) from None
    return data


def _require_plain(field: str, text: str) -> None:
    """Refuses what is not YAML, and what had better not be read."""
    try:
        require_plain(text)
    except NotPlain as refused:
        raise unfit(field, text, str(refused)) from None
    except yaml.YAMLError as error:
        raise unfit(field, text, _sentence(f"It is not YAML: {error}")) from error


def _require_lists_of_blocks(data: Mapping) -> None:
    for union in lists():
        blocks = data.get(union.dotted, [])
        if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
            raise unfit(union.dotted, blocks, f"Give a list of blocks, each with its {union.discriminator}.")


def _require_storable(data: Any) -> None:
    """Texts reach the file system and the database before and after RunConfig has judged them."""
    if isinstance(data, dict):
        _require_storable([*data.keys(), *data.values()])
    elif isinstance(data, list):
        for item in data:
            _require_storable(item)
    elif isinstance(data, str):
        try:
            storable(data)
        except ValueError as error:
            raise unfit("config", None, _sentence(str(error))) from None


def _problems(invalid: ConfigInvalid, data: Mapping) -> Iterable[Problem]:
    """The browser's own words, at the field as the configuration has it: the form has slots where lists count."""
    places = {
        f"{union.dotted}.{slot}": f"{union.dotted}.{index}"
        for union in lists()
        for index, slot in enumerate(slots_of(union, data.get(union.dotted, [])))
    }
    for path, texts in invalid.errors.items():
        block = ".".join(path.split(".")[:2])
        field = path.replace(block, places.get(block, block), 1)
        for text in texts:
            yield Problem(field=field, value=_value_at(data, field), message=text)


def _value_at(data: Any, dotted: str) -> Any:
    for key in filter(None, dotted.split(".")):
        if isinstance(data, list) and key.isdigit() and int(key) < len(data):
            data = data[int(key)]
        else:
            data = data.get(key) if isinstance(data, dict) else None
    return data if isinstance(data, str | int | float | bool) else None


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith(".") else f"{text}."
