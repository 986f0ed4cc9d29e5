"""The points of a run's metrics that still count: thinned for a picture, or all of them."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from runs.curves import COUNTS, EXTREMES, bucket_of
from runs.models import MetricPoint
from runs.selectors import STANDS

# Of each bucket of iterations the lowest and the highest point.
THINNED = f"""
WITH chosen AS (
    SELECT point.key, point.iteration, point.step, point.value FROM runs_metricpoint AS point
    JOIN runs_attempt AS attempt ON attempt.id = point.attempt_id
    WHERE point.run_id = %(run)s AND point.key = ANY(%(keys)s)
        AND point.iteration BETWEEN %(first)s AND %(last)s
        AND {COUNTS}
), span AS (
    SELECT key, min(iteration) AS first, max(iteration) AS last FROM chosen GROUP BY key
)
SELECT key, count(*), {EXTREMES}
FROM chosen JOIN span USING (key)
GROUP BY key, {bucket_of("%(buckets)s")}
ORDER BY key, min(iteration)
"""


@dataclass(frozen=True)
class Span:
    """Iterations, both ends included."""

    first: int
    last: int


@dataclass(frozen=True)
class Series:
    """Points of one metric as (iteration, step, value); `num_points` are behind them."""

    points: list[tuple[int, int, float | None]]
    num_points: int


def thinned_points(run_id: UUID, keys: Sequence[str], span: Span, max_points: int) -> dict[str, Series]:
    """At most `max_points` points of each metric, and all of them where there are few."""
    parts: dict[str, list[tuple[int, list, list]]] = {key: [] for key in keys}
    facts = {"run": run_id, "keys": list(keys), "first": span.first, "last": span.last, "buckets": max_points // 2}
    with connection.cursor() as cursor:
        cursor.execute(THINNED, facts)
        for key, count, low, high in cursor:
            parts[key].append((count, low, high))
    return {key: _series(found) for key, found in parts.items()}


def all_points(run_id: UUID, keys: Sequence[str]) -> QuerySet[MetricPoint]:
    """Every point that counts, in the order in which they were written; without keys, of every metric."""
    points = MetricPoint.objects.filter(STANDS, run=run_id).order_by("id")
    return points.filter(key__in=keys) if keys else points


def _series(parts: Iterable[tuple[int, list, list]]) -> Series:
    points, total = [], 0
    for count, low, high in parts:
        total += count
        ends = {point[1]: point for point in (low, high)}
        points += [_point(*ends[iteration]) for iteration in sorted(ends)]
    return Series(points, total)


def _point(value: float, iteration: float, step: float) -> tuple[int, int, float | None]:
    """JSON has no NaN and no infinity: null stands for them."""
    return int(iteration), int(step), value if math.isfinite(value) else None
