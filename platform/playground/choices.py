"""Who may be chosen to draw: a person's runs, each with its base model and the checkpoints whose files are there."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from pictures.policies import Policy
from runs.models import Checkpoint, Run
from runs.selectors import visible_checkpoints, visible_runs
from teams.models import User

MOST_RUNS = 12
MOST_CHECKPOINTS = 12
LONGEST_SEARCH = 200


@dataclass(frozen=True)
class Choice:
    """A run, and what of it can draw: the newest checkpoints first, the base model last."""

    run: Run
    policies: Sequence[Policy]


def find_choices(user: User, text: str) -> list[Choice]:
    """The newest runs whose name, or whose experiment's, has `text` in it; two queries."""
    runs = visible_runs(user).filter(archived_at=None).defer("config", "summary", "notes")
    for word in text[:LONGEST_SEARCH].split():
        runs = runs.filter(name__icontains=word) | runs.filter(experiment__name__icontains=word)
    found = list(runs.order_by("-created_at", "-id")[:MOST_RUNS])
    by_run = defaultdict(list)
    for row in visible_checkpoints(user).filter(run__in=found, removed=False).order_by("-iteration"):
        by_run[row.run_id].append(row)
    return [Choice(run, [*_checkpoints(run, by_run[run.id]), Policy(run, 0, None)]) for run in found]


def _checkpoints(run: Run, rows: Sequence[Checkpoint]) -> list[Policy]:
    return [Policy(run, row.iteration, row) for row in rows[:MOST_CHECKPOINTS]]
