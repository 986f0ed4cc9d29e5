"""From which rows a comparison is read: those that a person may see, or those of one team."""

from dataclasses import dataclass
from typing import Self

from django.db.models import QuerySet

from pictures.models import Drawing
from pictures.selectors import visible_drawings
from runs.media import visible_samples
from runs.models import Checkpoint, Run, Sample
from runs.selectors import STANDS, visible_checkpoints, visible_runs
from teams.models import Team, User


@dataclass(frozen=True)
class Rows:
    """`samples` and `drawings` come with their runs."""

    runs: QuerySet[Run]
    checkpoints: QuerySet[Checkpoint]
    samples: QuerySet[Sample]
    drawings: QuerySet[Drawing]

    @classmethod
    def seen_by(cls, user: User) -> Self:
        return cls(visible_runs(user), visible_checkpoints(user), visible_samples(user), visible_drawings(user))

    @classmethod
    def of_team(cls, team: Team) -> Self:
        """For those who are shown a comparison and are no users."""
        runs = Run.objects.filter(experiment__team=team)
        return cls(
            runs.select_related("experiment__team"),
            Checkpoint.objects.filter(STANDS, run__in=runs).select_related("run", "attempt"),
            Sample.objects.filter(STANDS, run__in=runs).select_related("run", "attempt"),
            Drawing.objects.filter(team=team).select_related("run"),
        )
