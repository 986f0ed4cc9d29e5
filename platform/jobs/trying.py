"""Whether a run's first step is tried before the run takes its place in the queue: always, never, or if it is long."""

from django.db import models

from flowdppo_engine.config import RunConfig
from jobs import services
from jobs.models import Job
from runs.estimates import measured_speed, num_passes
from runs.models import Run
from teams.models import User

LONG_HOURS = 0.5


class TryFirst(models.TextChoices):
    IF_LONG = "if_long", "If it is long"
    ALWAYS = "always", "Always"
    NEVER = "never", "Never"


def try_if_wanted(user: User, run: Run, wish: str) -> Job | None:
    """In the transaction that submits the run. Raises PermissionDenied."""
    wanted = wish == TryFirst.ALWAYS or (wish == TryFirst.IF_LONG and is_long(run))
    return services.try_first(user, run) if wanted else None


def is_long(run: Run) -> bool:
    """Whether it is expected to take more than half an hour; where nobody knows, whether its model is a real one."""
    config = RunConfig.model_validate(run.config)
    speed = measured_speed(run.experiment.team, config)
    if speed is None:
        return config.model.source != "sandbox"
    return speed.hours(num_passes(config), run.num_gpus) > LONG_HOURS
