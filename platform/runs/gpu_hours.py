"""GPU hours that a run had taken when a point was written: one of the things that curves are laid over."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from uuid import UUID

from django.db.models import Max, Min

from runs.curves import Curve
from runs.models import MetricPoint, Run

SECONDS = 3600
SIGNIFICANT_DIGITS = 5


@dataclass(frozen=True)
class Held:
    """From when to when (seconds since 1970) an attempt held how many GPUs."""

    begin: float
    end: float
    num_gpus: int

    def seconds_until(self, time: float) -> float:
        return self.num_gpus * max(0.0, min(time, self.end) - self.begin)


@dataclass(frozen=True)
class Clock:
    """By iteration, the hours when it was done."""

    iterations: list[int]
    hours: list[float]


def held_by(runs: Sequence[Run], keys: Iterable[str]) -> dict[UUID, list[Held]]:
    """What each attempt held, lost ones too; `runs` with their attempts.

    Where the engine runs elsewhere nobody saw it take its GPUs, and what it reports may be long past: there an attempt
    lasts from its first point of these metrics to its last.
    """
    spans = _spans([run.id for run in runs if run.is_reported], list(keys))
    return {
        run.id: [
            Held(*_span(attempt, spans if run.is_reported else None), len(attempt.gpus) or run.num_gpus)
            for attempt in run.attempts.all()
            if not run.is_reported or attempt.id in spans
        ]
        for run in runs
    }


def clock_of(held: Sequence[Held], by_key: Mapping[str, Curve]) -> Clock:
    """The hours along the metric with the most points; empty where there is none."""
    curve = max(by_key.values(), key=lambda one: len(one.iterations), default=Curve())
    hours = (sum(one.seconds_until(time) for one in held) / SECONDS for time in curve.times)
    return Clock(curve.iterations, [float(f"{value:.{SIGNIFICANT_DIGITS}g}") for value in hours])


def _span(attempt, spans: Mapping[int, tuple[float, float]] | None) -> tuple[float, float]:
    if spans is not None:
        return spans[attempt.id]
    return attempt.started_at.timestamp(), attempt.ended_at.timestamp() if attempt.ended_at else inf


def _spans(runs: list[UUID], keys: list[str]) -> dict[int, tuple[float, float]]:
    """By attempt, when its first and its last point was written."""
    if not runs:
        return {}
    points = MetricPoint.objects.filter(run_id__in=runs, key__in=keys).values_list("attempt_id")
    return {number: (first, last) for number, first, last in points.annotate(Min("time"), Max("time"))}
