"""What may be read of sweeps: everything starts from a user and holds only their teams' rows."""

import uuid

from django.db.models import Count, Q, QuerySet

from runs.models import Experiment, RunState
from runs.selectors import visible_runs
from sweeps.models import Sweep, SweepRun
from teams.models import User


def visible_sweeps(user: User) -> QuerySet[Sweep]:
    return Sweep.objects.filter(experiment__team__memberships__user=user).select_related("experiment__team")


def sweeps_overview(user: User, experiment: Experiment) -> QuerySet[Sweep]:
    """An experiment's sweeps, newest first, with how many runs each has and how many have finished."""
    counts = {
        "num_runs": Count("members"),
        "num_finished": Count("members", filter=Q(members__run__state=RunState.FINISHED)),
    }
    return visible_sweeps(user).filter(experiment=experiment).annotate(**counts).order_by("-created_at", "id")


def members_of(user: User, sweep: Sweep) -> QuerySet[SweepRun]:
    """The runs of a sweep, point by point."""
    members = SweepRun.objects.filter(sweep=sweep, run__in=visible_runs(user))
    return members.select_related("run").order_by("place", "seed")


def sweeps_before(user: User, experiment: Experiment, sweep_id: uuid.UUID | None = None) -> QuerySet[Sweep]:
    """The newest of them, or those before this one: so a page stays the same while new ones come."""
    sweeps = sweeps_overview(user, experiment)
    last = sweeps.filter(id=sweep_id).first() if sweep_id else None
    if last is None:
        return sweeps
    older, twins = Q(created_at__lt=last.created_at), Q(created_at=last.created_at, id__gt=last.id)
    return sweeps.filter(older | twins)
