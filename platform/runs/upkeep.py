"""What people do to runs and experiments that are there: name, describe, tag, move, archive. Verbs check the role.

None of it touches a run's state; `lifecycle` alone does.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F, Func, Value
from django.utils import timezone

from runs import services
from runs.models import Experiment, Run, RunState
from runs.selectors import visible_runs
from runs.services import require_writer
from teams import audit
from teams.models import Team, User
from teams.selectors import teams_written_by

LONGEST_TAG = 40
MOST_TAGS = 20
LONGEST_NOTES = 20_000
LIVE = (RunState.QUEUED, RunState.RUNNING)


@dataclass(frozen=True)
class Description:
    """What a person says of a run or of an experiment; `notes` in Markdown."""

    name: str
    notes: str
    tags: list[str]


def parse_tags(text: str) -> list[str]:
    """Tags with commas between, in small letters, each once. Raises ValidationError."""
    tags = list(dict.fromkeys(parse_tag(tag) for tag in text.split(",") if tag.strip()))
    if len(tags) > MOST_TAGS:
        raise ValidationError(f"These are {len(tags)} tags: give at most {MOST_TAGS}.")
    return tags


def parse_tag(text: str) -> str:
    """Raises ValidationError for none, and for one that is too long or holds a comma."""
    tag = " ".join(text.lower().split())
    if not tag or "," in tag or not tag.isprintable():
        raise ValidationError("A tag is one or a few words without commas: write one.")
    if len(tag) > LONGEST_TAG:
        raise ValidationError(f"“{tag[:LONGEST_TAG]}…” has {len(tag)} characters: a tag has at most {LONGEST_TAG}.")
    return tag


@transaction.atomic
def describe_run(user: User, run: Run, said: Description) -> None:
    """Raises PermissionDenied for viewers and strangers."""
    require_writer(user, run.experiment.team_id)
    changed = _changes(run, said)
    if changed:
        before = run.name
        Run.objects.filter(id=run.id).update(**changed)
        audit.record(user, run.experiment.team, "described", f"run “{before}”", _told(changed))


@transaction.atomic
def describe_experiment(user: User, experiment: Experiment, said: Description, description: str) -> None:
    """Raises PermissionDenied for viewers and strangers."""
    require_writer(user, experiment.team_id)
    changed = _changes(experiment, said)
    if description != experiment.description:
        changed["description"] = description
    if changed:
        before = experiment.name
        Experiment.objects.filter(id=experiment.id).update(**changed)
        audit.record(user, experiment.team, "described", f"experiment “{before}”", _told(changed))


@transaction.atomic
def archive_experiment(user: User, experiment: Experiment, is_archived: bool = True) -> None:
    """Out of the list of experiments, or back into it; its runs stay as they are. Raises PermissionDenied."""
    require_writer(user, experiment.team_id)
    Experiment.objects.filter(id=experiment.id).update(archived_at=timezone.now() if is_archived else None)
    verb = "archived" if is_archived else "brought back"
    audit.record(user, experiment.team, verb, f"experiment “{experiment.name}”")


@transaction.atomic
def archive_runs(user: User, runs: Sequence[Run]) -> int:
    """Put runs away that have ended; returns how many it were. Raises PermissionDenied, and then does nothing."""
    ended = [run for run in _written(user, runs) if run.state not in LIVE and run.archived_at is None]
    # One that somebody resumes at this moment stays.
    Run.objects.filter(id__in=_ids(ended)).exclude(state__in=LIVE).update(archived_at=timezone.now())
    return _record(user, "archived", ended)


@transaction.atomic
def unarchive_runs(user: User, runs: Sequence[Run]) -> int:
    """Bring runs back into the lists; returns how many it were. Raises PermissionDenied."""
    archived = [run for run in _written(user, runs) if run.archived_at is not None]
    Run.objects.filter(id__in=_ids(archived)).update(archived_at=None)
    return _record(user, "brought back", archived)


@transaction.atomic
def tag_runs(user: User, runs: Sequence[Run], text: str) -> int:
    """Raises PermissionDenied, and ValidationError for what is no tag."""
    tag = parse_tag(text)
    untagged = [run for run in _written(user, runs) if tag not in run.tags]
    if any(len(run.tags) >= MOST_TAGS for run in untagged):
        raise ValidationError(f"A run has at most {MOST_TAGS} tags, and one of these has them: take one away first.")
    added = Func(F("tags"), Value(tag), function="array_append")
    Run.objects.filter(id__in=_ids(untagged)).exclude(tags__contains=[tag]).update(tags=added)
    return _record(user, f"tagged {tag}"[:LONGEST_TAG], untagged)


@transaction.atomic
def untag_runs(user: User, runs: Sequence[Run], text: str) -> int:
    """Raises PermissionDenied, and ValidationError for what is no tag."""
    tag = parse_tag(text)
    tagged = [run for run in _written(user, runs) if tag in run.tags]
    Run.objects.filter(id__in=_ids(tagged)).update(tags=Func(F("tags"), Value(tag), function="array_remove"))
    return _record(user, f"untagged {tag}"[:LONGEST_TAG], tagged)


@transaction.atomic
def move_runs(user: User, runs: Sequence[Run], name: str) -> int:
    """Into the experiment of their team with this name. Raises PermissionDenied, and ValidationError without one."""
    teams = {run.experiment.team_id for run in _written(user, runs)}
    if len(teams) > 1:
        raise ValidationError("These runs belong to several teams: move those of one team at a time.")
    name = name.replace("\x00", "").strip()
    target = Experiment.objects.filter(team__in=teams, name=name).first()
    if runs and target is None:
        team = runs[0].experiment.team
        raise ValidationError(f"{team} has no experiment “{name[:120]}”: write the name of one, or make it first.")
    moved = [run for run in runs if run.experiment_id != target.id] if target else []
    Run.objects.filter(id__in=_ids(moved)).update(experiment=target)
    return _record(user, "moved", moved, f"to “{target}”: " if target else "")


@transaction.atomic
def cancel_runs(user: User, runs: Sequence[Run]) -> int:
    """Ask the live ones to stop; returns how many it were. Raises PermissionDenied."""
    live = [run for run in _written(user, runs) if run.is_live and run.cancel_requested_at is None]
    for run in live:
        services.cancel_run(user, run)
    return len(live)


def chosen_runs(user: User, run_ids: Iterable[UUID]) -> list[Run]:
    """Those of the runs that the person may see, newest first."""
    return list(visible_runs(user).filter(id__in=run_ids).order_by("-created_at", "-id"))


def _written(user: User, runs: Sequence[Run]) -> Sequence[Run]:
    """The runs, where the person may change all of them. Raises PermissionDenied."""
    teams = {run.experiment.team_id for run in runs}
    if teams - set(teams_written_by(user).values_list("id", flat=True)):
        raise PermissionDenied("Viewers may look, not change: ask an owner of the team to make you a member.")
    return runs


def _record(user: User, verb: str, runs: Sequence[Run], before: str = "") -> int:
    """One entry for each team, however many runs it were."""
    by_team: dict[Team, list[str]] = {}
    for run in runs:
        by_team.setdefault(run.experiment.team, []).append(run.name)
    for team, names in by_team.items():
        object_ = f"run “{names[0]}”" if len(names) == 1 else f"{len(names)} runs"
        audit.record(user, team, verb, object_, before + ", ".join(names))
    return len(runs)


def _changes(thing: Run | Experiment, said: Description) -> dict:
    return {
        column: getattr(said, column)
        for column in ("name", "notes", "tags")
        if getattr(said, column) != getattr(thing, column)
    }


def _told(changed: dict) -> str:
    return ", ".join(f"name: {changed['name']}" if column == "name" else column for column in changed)


def _ids(runs: Iterable[Run]) -> list[UUID]:
    return [run.id for run in runs]
