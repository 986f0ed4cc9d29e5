"""What may be read of experiments and runs. Everything starts from a user and holds only their teams' rows."""

import uuid

from django.db.models import F, Q, QuerySet

from runs.models import Attempt, Checkpoint, Evaluation, Experiment, LogLine, Run
from teams.models import User

# Rows that an attempt wrote and that no later attempt has rolled back.
STANDS = Q(attempt__valid_until=None) | Q(iteration__lte=F("attempt__valid_until"))


def visible_experiments(user: User) -> QuerySet[Experiment]:
    return Experiment.objects.filter(team__memberships__user=user).select_related("team")


def visible_runs(user: User) -> QuerySet[Run]:
    return Run.objects.filter(experiment__team__memberships__user=user).select_related("experiment__team")


def visible_checkpoints(user: User) -> QuerySet[Checkpoint]:
    """Checkpoints that still count, newest first; of some the files are gone."""
    return Checkpoint.objects.filter(STANDS, run__in=visible_runs(user)).select_related("run", "attempt")


def visible_evaluations(user: User) -> QuerySet[Evaluation]:
    """Evaluations that still count, in the order of their iterations."""
    return Evaluation.objects.filter(STANDS, run__in=visible_runs(user))


def visible_attempts(user: User) -> QuerySet[Attempt]:
    return Attempt.objects.filter(run__in=visible_runs(user))


def visible_log(user: User) -> QuerySet[LogLine]:
    return LogLine.objects.filter(run__in=visible_runs(user))


def parse_run_id(text: str) -> uuid.UUID | None:
    """The id of a run in an address; None, which no run has, where it is no id."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
