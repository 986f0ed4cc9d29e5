"""The catalogue by name, for programs: `Mix@2` is the second version of Mix, `Mix` its newest."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.models import Item, Kind, Role, Version
from catalog.picking import KINDS
from catalog.selectors import visible_items, visible_versions
from runs.config_errors import ConfigInvalid, Errors
from teams.models import Team, User


@dataclass(frozen=True)
class Resolved:
    """Fields of RunConfig, to go on top of a recipe's, and the versions that they are of."""

    fields: dict[str, Any]
    versions: tuple[Version, ...]


def resolve(user: User, team: Team, wanted: Mapping[str, str | Iterable[str]]) -> Resolved:
    """What a team's catalogue has for each role: `{"rewards": "Mix@2", "train": "Cats", "evaluation": ["Cats"]}`.

    Raises ConfigInvalid, by `catalogue.ROLE`, for roles and names that there are not.
    """
    fields: dict[str, Any] = {}
    versions: list[Version] = []
    errors: Errors = {}
    for role, named in wanted.items():
        try:
            found = [_find(user, team, role, name) for name in _names(role, named)]
        except LookupError as error:
            errors[f"catalogue.{role}"] = [str(error)]
        else:
            versions += found
            fields |= _fields(Role(role), found)
    if errors:
        raise ConfigInvalid(errors)
    return Resolved(fields, tuple(versions))


def _names(role: str, named: str | Iterable[str]) -> list[str]:
    """Raises LookupError where one name is wanted."""
    names = [named] if isinstance(named, str) else list(named)
    if role != Role.EVALUATION and len(names) != 1:
        raise LookupError(f"{len(names)} names: give one.")
    return names


def _find(user: User, team: Team, role: str, name: str) -> Version:
    """Raises LookupError with a sentence."""
    if role not in Role.values:
        raise LookupError(f"There is no role “{role}”: choose {', '.join(Role.values)}.")
    kind = KINDS[Role(role)]
    item, number = _item(user, team, kind, name)
    versions = visible_versions(user).filter(item=item)
    version = versions.filter(number=number).first() if number else versions.first()
    if version is None:
        newest = versions.first()
        raise LookupError(f"“{item.name}” has no version {number}: its newest is {newest.number}.")
    return version


def _item(user: User, team: Team, kind: Kind, name: str) -> tuple[Item, int | None]:
    """The item that is called so, or so but for the number behind the last @."""
    items = visible_items(user).filter(team=team, kind=kind)
    if whole := items.filter(name=name).first():
        return whole, None
    stem, _, number = name.rpartition("@")
    item = items.filter(name=stem).first() if number.isdecimal() and len(number) < 10 else None
    if item is None:
        raise LookupError(f"{team} has no {kind.label} “{name}”: look its name up in the catalogue.")
    return item, int(number)


def _fields(role: Role, versions: list[Version]) -> dict[str, Any]:
    match role:
        case Role.TRAIN:
            return {"prompts": {"train": versions[0].reference}}
        case Role.EVALUATION:
            return {"evaluation": {"prompt_sets": [version.reference for version in versions]}}
        case _:
            return {KINDS[role]: versions[0].content}
