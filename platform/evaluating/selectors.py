"""What may be read of evaluations. Everything starts from a user and holds only their teams' rows."""

from django.db.models import Count, QuerySet

from jobs.models import Job, Kind
from jobs.selectors import visible_jobs
from runs.models import Checkpoint, Experiment, Run
from runs.selectors import visible_checkpoints
from teams.models import User

NUM_LISTED = 8


def kept_checkpoints(user: User, run: Run) -> list[Checkpoint]:
    """Those whose files are there, one an iteration, oldest first."""
    rows = visible_checkpoints(user).filter(run=run, removed=False).order_by("iteration", "id")
    return list({row.iteration: row for row in rows}.values())


def visible_evaluations(user: User) -> QuerySet[Job]:
    """Newest first; each with the number of its checkpoints (`num_checkpoints`)."""
    found = visible_jobs(user).filter(kind=Kind.EVALUATE).annotate(num_checkpoints=Count("checkpoints"))
    return found.order_by("-created_at", "-id")


def newest_of_run(user: User, run: Run) -> list[Job]:
    return list(visible_evaluations(user).filter(run=run).defer("payload", "result")[:NUM_LISTED])


def newest_in(user: User, experiment: Experiment) -> list[Job]:
    return list(visible_evaluations(user).filter(run__experiment=experiment).defer("payload", "result")[:NUM_LISTED])
