"""Which versions a run was submitted with: found in its configuration, or said by whoever picked them in the form."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import QuerySet

from catalog.contents import Content, block_of
from catalog.differences import field_changes
from catalog.models import Kind, Role, Use, Version
from catalog.prompt_files import is_reference
from flowdppo_engine.config import RunConfig
from flowdppo_engine.prompt_checks import named_prompt_sets
from runs.config_errors import TOP, ConfigInvalid
from runs.models import Run
from teams.models import Team

PROMPT_ROLES = {"prompts.train": Role.TRAIN, "evaluation.prompt_sets": Role.EVALUATION}
BLOCK_ROLES = {Role.MODEL: Kind.MODEL, Role.REWARDS: Kind.REWARDS}


@dataclass(frozen=True)
class Found:
    role: Role
    version: Version
    num_changes: int = 0


def find_uses(team: Team, config: RunConfig, picked: Iterable[Version] = ()) -> list[Found]:
    """The team's versions in a configuration. Raises ConfigInvalid for a prompt set that only another team has.

    Of `picked` base models and reward configs count also those that were changed afterwards.
    """
    return [*_prompt_sets(team, config), *_blocks(team, config, list(picked))]


def record_uses(run: Run, team: Team, config: RunConfig, picked: Iterable[Version] = ()) -> None:
    """In the transaction that submits the run. Raises ConfigInvalid as `find_uses`."""
    found = find_uses(team, config, picked)
    # Held, so that nobody deletes them meanwhile; in one order, so that two submissions do not wait for each other.
    versions = Version.objects.filter(id__in=[one.version.id for one in found]).order_by("id").select_for_update()
    held = set(versions.values_list("id", flat=True))
    if gone := [str(one.version) for one in found if one.version.id not in held]:
        raise ConfigInvalid({TOP: [f"{', '.join(gone)}: deleted from the catalogue meanwhile, choose another one."]})
    Use.objects.bulk_create(
        Use(run=run, version=one.version, role=one.role, num_changes=one.num_changes) for one in found
    )


def picked_versions_of(runs: QuerySet[Run]) -> list[Version]:
    """The base models and reward configs that these runs were submitted with, for more runs like them."""
    uses = Use.objects.filter(run__in=runs, role__in=BLOCK_ROLES)
    return list(Version.objects.filter(id__in=uses.values("version")).select_related("item").order_by("id"))


def changes_since(version: Version, config: RunConfig) -> int:
    """How many fields of a base model or of rewards a configuration has otherwise than the version."""
    return len(field_changes(version.item.kind, version.content, block_of(version.item.kind, config).data))


def _prompt_sets(team: Team, config: RunConfig) -> Iterator[Found]:
    named = named_prompt_sets(config)
    rows = Version.objects.filter(
        item__team=team, item__kind=Kind.PROMPTS, reference__in=[source for _, source in named]
    )
    versions = {version.reference: version for version in rows.order_by("id").select_related("item")}
    errors: dict[str, list[str]] = {}
    for field, source in named:
        if source in versions:
            yield Found(PROMPT_ROLES[field], versions[source])
        elif is_reference(source):
            message = f"“{source}” is no prompt set of {team}: choose one of the team's catalogue."
            errors.setdefault(field, []).append(message)
    if errors:
        raise ConfigInvalid(errors)


def _blocks(team: Team, config: RunConfig, picked: list[Version]) -> Iterator[Found]:
    """What is the same counts before what was picked and changed."""
    for role, kind in BLOCK_ROLES.items():
        content = block_of(kind, config)
        own = [version for version in picked if version.item.kind == kind and version.item.team_id == team.id]
        same = next((version for version in own if version.sha256 == content.sha256), None)
        if same := same or _newest_with(team, content):
            yield Found(role, same)
        elif own:
            changes = {version: changes_since(version, config) for version in own}
            closest = min(changes, key=changes.get)
            yield Found(role, closest, changes[closest])


def _newest_with(team: Team, content: Content) -> Version | None:
    same = Version.objects.filter(
        item__team=team, item__kind=content.kind, item__archived_at=None, sha256=content.sha256
    )
    return same.order_by("-id").select_related("item").first()
