"""Where a run stands between its attempts."""

from django.db.models import DurationField, ExpressionWrapper, F, Sum
from django.db.models.functions import Coalesce, Now

from runs.models import Checkpoint, Run
from runs.selectors import visible_attempts, visible_checkpoints
from teams.models import User


def resumable_checkpoint(user: User, run: Run) -> Checkpoint | None:
    """The one that the run would go on after."""
    return visible_checkpoints(user).filter(run=run, removed=False).order_by("-iteration", "-attempt__number").first()


def seconds_worked(user: User, run: Run) -> float:
    """How long its attempts took together."""
    took = Coalesce("ended_at", Now()) - F("started_at")
    attempts = visible_attempts(user).filter(run=run)
    worked = attempts.aggregate(sum=Sum(ExpressionWrapper(took, DurationField())))["sum"]
    return worked.total_seconds() if worked else 0.0
