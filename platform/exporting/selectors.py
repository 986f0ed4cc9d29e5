"""What people see of pushes: those of their teams' checkpoints."""

from django.db.models import QuerySet

from exporting.models import Push
from runs.models import Checkpoint
from runs.selectors import visible_checkpoints
from teams.models import User

MOST_SHOWN = 20


def visible_pushes(user: User) -> QuerySet[Push]:
    """Newest first."""
    found = Push.objects.filter(checkpoint__in=visible_checkpoints(user))
    return found.select_related("checkpoint__run", "created_by").defer("token", "checkpoint__run__config")


def pushes_of(user: User, checkpoint: Checkpoint) -> list[Push]:
    """The last ones."""
    return list(visible_pushes(user).filter(checkpoint=checkpoint)[:MOST_SHOWN])
