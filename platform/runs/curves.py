"""Metric curves thinned by the database: of each bucket of iterations the lowest and the highest point."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection

NUM_BUCKETS = 300
SIGNIFICANT_DIGITS = 7

# A curve of up to NUM_BUCKETS iterations comes whole. Arrays compare element by element, value first.
BUCKETS = f"""
WITH wanted AS (
    SELECT * FROM unnest(%(runs)s::uuid[], %(after)s::bigint[]) AS wanted (run_id, after)
), valid AS (
    SELECT point.* FROM wanted
    JOIN runs_metricpoint AS point ON point.run_id = wanted.run_id AND point.id > wanted.after
    JOIN runs_attempt AS attempt ON attempt.id = point.attempt_id
    WHERE point.key = ANY(%(keys)s)
        AND (attempt.valid_until IS NULL OR point.iteration <= attempt.valid_until)
), span AS (
    SELECT run_id, key, min(iteration) AS first, max(iteration) AS last FROM valid GROUP BY run_id, key
)
SELECT
    run_id, key, max(id),
    min(ARRAY[value, iteration, step]), max(ARRAY[value, iteration, step]), max(ARRAY[iteration, step, value])
FROM valid JOIN span USING (run_id, key)
GROUP BY run_id, key, (iteration - first)::bigint * {NUM_BUCKETS} / greatest(last - first + 1, {NUM_BUCKETS})
ORDER BY run_id, key, min(iteration)
"""


@dataclass
class Curve:
    """Points of one metric, in the order of their iterations."""

    iterations: list[int] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(self, iteration: float, step: float, value: float) -> None:
        if self.iterations and self.iterations[-1] == iteration:
            return
        self.iterations.append(int(iteration))
        self.steps.append(int(step))
        self.values.append(float(f"{value:.{SIGNIFICANT_DIGITS}g}"))


@dataclass
class RunCurves:
    """The curves of one run, and the highest primary key among the points that they were made from."""

    last_point: int
    by_key: dict[str, Curve] = field(default_factory=dict)


def read_curves(after: dict[UUID, int], keys: Iterable[str]) -> dict[UUID, RunCurves]:
    """The curves of these runs from the points with a primary key above the given one that still count."""
    found: dict[UUID, RunCurves] = {}
    latest: dict[tuple[UUID, str], list[float]] = {}
    with connection.cursor() as cursor:
        cursor.execute(BUCKETS, {"runs": list(after), "after": list(after.values()), "keys": list(keys)})
        for run_id, key, last_point, low, high, end in cursor:
            curves = found.setdefault(run_id, RunCurves(last_point))
            curves.last_point = max(curves.last_point, last_point)
            curve = curves.by_key.setdefault(key, Curve())
            for value, iteration, step in sorted((low, high), key=lambda point: point[1]):
                curve.add(iteration, step, value)
            latest[run_id, key] = end
    for (run_id, key), (iteration, step, value) in latest.items():
        found[run_id].by_key[key].add(iteration, step, value)
    return found
