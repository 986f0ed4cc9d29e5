"""Metric curves thinned by the database: of each bucket of iterations the lowest and the highest point."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection

NUM_BUCKETS = 300
SIGNIFICANT_DIGITS = 7


def bucket_of(num_buckets: int | str) -> str:
    """SQL: the bucket of an iteration between `first` and `last`. A curve of up to `num_buckets` comes whole."""
    return f"(iteration - first)::bigint * {num_buckets} / greatest(last - first + 1, {num_buckets})"


BUCKET = bucket_of(NUM_BUCKETS)
# Arrays compare element by element, value first.
EXTREMES = "min(ARRAY[value, iteration, step]) AS low, max(ARRAY[value, iteration, step]) AS high"
TIMED_EXTREMES = EXTREMES.replace("step]", "step, time]")
COLUMNS = """
    place, key, last_point, low[1], low[2]::int, low[3]::int, low[4], high[1], high[2]::int, high[3]::int, high[4],
    end_value, end_iteration, end_step, end_time
"""
COUNTS = "(attempt.valid_until IS NULL OR iteration <= attempt.valid_until)"

# A query of its own for each curve, by the index over (run, key, iteration): nothing is sorted or kept on the way.
# What was rolled back may widen the buckets, until the next attempt has come past it.
WHOLE = f"""
SELECT {COLUMNS}
FROM unnest(%(runs)s::uuid[]) WITH ORDINALITY AS wanted (run_id, place)
CROSS JOIN unnest(%(keys)s::text[]) AS wanted_key (key)
CROSS JOIN LATERAL (
    SELECT max(id) AS last_point FROM runs_metricpoint WHERE run_id = wanted.run_id
) AS run
CROSS JOIN LATERAL (
    SELECT min(iteration) AS first, max(iteration) AS last FROM runs_metricpoint AS point
    WHERE point.run_id = wanted.run_id AND point.key = wanted_key.key
) AS span
CROSS JOIN LATERAL (
    SELECT value AS end_value, iteration AS end_iteration, step AS end_step, time AS end_time
    FROM runs_metricpoint AS point JOIN runs_attempt AS attempt ON attempt.id = point.attempt_id
    WHERE point.run_id = wanted.run_id AND point.key = wanted_key.key AND {COUNTS}
    ORDER BY iteration DESC LIMIT 1
) AS finish
CROSS JOIN LATERAL (
    SELECT min(iteration) AS begin, {TIMED_EXTREMES}
    FROM runs_metricpoint AS point JOIN runs_attempt AS attempt ON attempt.id = point.attempt_id
    WHERE point.run_id = wanted.run_id AND point.key = wanted_key.key AND {COUNTS}
    GROUP BY {BUCKET}
) AS bucket
ORDER BY place, key, begin
"""

# A live tick. OFFSET 0 has the database go by the index over (run, id), which leads to nothing but what is new.
SINCE = f"""
WITH valid AS (
    SELECT place, key, point.id, iteration, step, value, time
    FROM unnest(%(runs)s::uuid[], %(after)s::bigint[]) WITH ORDINALITY AS wanted (run_id, after, place)
    CROSS JOIN LATERAL (
        SELECT id, attempt_id, key, iteration, step, value, time FROM runs_metricpoint
        WHERE run_id = wanted.run_id AND id > wanted.after OFFSET 0
    ) AS point
    JOIN runs_attempt AS attempt ON attempt.id = point.attempt_id
    WHERE key = ANY(%(keys)s) AND {COUNTS}
), span AS (
    SELECT place, key, min(iteration) AS first, max(iteration) AS last, max(id) AS last_point,
        max(ARRAY[iteration, step, value, time]) AS finish
    FROM valid GROUP BY place, key
), bucket AS (
    SELECT place, key, min(iteration) AS begin, {TIMED_EXTREMES}
    FROM valid JOIN span USING (place, key) GROUP BY place, key, {BUCKET}
), named AS (
    SELECT *, finish[3] AS end_value, finish[1]::int AS end_iteration, finish[2]::int AS end_step,
        finish[4] AS end_time
    FROM span JOIN bucket USING (place, key)
)
SELECT {COLUMNS} FROM named ORDER BY place, key, begin
"""

# From one key to the next by the index over (run, key, ...): a look-up for each metric, however many points it has.
KEYS = """
SELECT DISTINCT found.key
FROM unnest(%(runs)s::uuid[]) AS wanted (run_id)
CROSS JOIN LATERAL (
    WITH RECURSIVE walk AS (
        (SELECT key FROM runs_metricpoint WHERE run_id = wanted.run_id ORDER BY key LIMIT 1)
        UNION ALL
        SELECT next.key FROM walk CROSS JOIN LATERAL (
            SELECT key FROM runs_metricpoint WHERE run_id = wanted.run_id AND key > walk.key ORDER BY key LIMIT 1
        ) AS next
    )
    SELECT key FROM walk
) AS found
ORDER BY found.key
"""


@dataclass
class Curve:
    """Points of one metric, in the order of their iterations; `times` in seconds since 1970."""

    iterations: list[int] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def add(self, value: float, iteration: int, step: int, time: float) -> None:
        if self.iterations and self.iterations[-1] == iteration:
            return
        self.iterations.append(iteration)
        self.steps.append(step)
        self.values.append(float(f"{value:.{SIGNIFICANT_DIGITS}g}"))
        self.times.append(time)


@dataclass
class RunCurves:
    """The curves of one run, and the highest primary key among the points that they were made from."""

    last_point: int
    by_key: dict[str, Curve] = field(default_factory=dict)


def read_curves(after: dict[UUID, int], keys: Iterable[str]) -> dict[UUID, RunCurves]:
    """The curves of these runs from the points with a primary key above the given one that still count."""
    found: dict[UUID, RunCurves] = {}
    ends: dict[tuple[UUID, str], tuple] = {}
    for run_id, key, last_point, *points in _read_buckets(after, list(keys)):
        curves = found.setdefault(run_id, RunCurves(last_point))
        curves.last_point = max(curves.last_point, last_point)
        curve = curves.by_key.setdefault(key, Curve())
        low, high = points[:4], points[4:8]
        for point in (low, high) if low[1] < high[1] else (high, low):
            curve.add(*point)
        ends[run_id, key] = points[8:]
    for (run_id, key), end in ends.items():
        found[run_id].by_key[key].add(*end)
    return found


def read_keys(run_ids: list[UUID]) -> list[str]:
    """Every metric that one of these runs has a value of."""
    with connection.cursor() as cursor:
        cursor.execute(KEYS, {"runs": run_ids})
        return [key for (key,) in cursor]


def _read_buckets(after: dict[UUID, int], keys: list[str]) -> Iterator[tuple]:
    """Run, key, last point; then value, iteration, step and time of a bucket's lowest and highest, and of the end."""
    for query, is_new in ((WHOLE, True), (SINCE, False)):
        runs = [run_id for run_id, last_point in after.items() if (last_point == 0) == is_new]
        if not runs:
            continue
        with connection.cursor() as cursor:
            cursor.execute(query, {"runs": runs, "after": [after[run_id] for run_id in runs], "keys": keys})
            for place, *row in cursor:
                yield runs[place - 1], *row
