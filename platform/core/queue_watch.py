"""Whether work goes on: somebody takes what could start, and somebody keeps house.

A worker's connection to Redis may break in a way that leaves it waiting for ever. Workers look at the queue by
themselves every few seconds, so for them that costs nothing; housekeeping hears messages alone, and starts itself anew
when it has heard none for too long (`worker.watchdog`). What remains is said here.
"""

from datetime import timedelta

from django.core.cache import cache
from django.db.models import Q
from django.db.models.functions import Now

from fleet import snapshot
from fleet.models import Node
from fleet.waiting import judge
from runs.models import Attempt, Run

TAKEN_WITHIN = timedelta(minutes=2)
KEPT_WITHIN = 120
HOUSEKEEPING = "housekeeping-lives"


def problem() -> str:
    """What is wrong where the first in line could start, and nobody has taken anything for two minutes."""
    since = Now() - TAKEN_WITHIN
    if not snapshot.waiting_runs().filter(created_at__lt=since).exists() or _something_changed(since):
        return ""
    fleet = snapshot.take()
    old = set(
        Run.objects.filter(id__in=[run.run_id for run in fleet.line], created_at__lt=since).values_list(
            "id", flat=True
        )
    )
    could_start = [run for run in fleet.line if run.run_id in old and judge(run, fleet).seconds == 0.0]
    if not could_start:
        return ""
    return "a run could start and nobody takes it: restart the workers, and read their logs"


def housekeeping_problem() -> str:
    if cache.get(HOUSEKEEPING):
        return ""
    return "has not been heard of for two minutes: start `python -m worker housekeeping` and `python -m worker beat`"


def note_housekeeping() -> None:
    cache.set(HOUSEKEEPING, True, KEPT_WITHIN)


def _something_changed(since) -> bool:
    """A slot may have become free, a node may have come, only now."""
    attempts = Attempt.objects.filter(Q(started_at__gt=since) | Q(ended_at__gt=since))
    return attempts.exists() or Node.objects.filter(started_at__gt=since).exists()
