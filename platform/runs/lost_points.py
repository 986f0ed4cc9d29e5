"""What attempts had written before a later one rolled it back: drawn on demand, thinned as all curves are."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection

from runs.curves import NUM_BUCKETS, TIMED_EXTREMES, Curve, bucket_of
from runs.selectors import visible_runs
from teams.models import User

# From the point that still counts on, so that the line begins where it left the one that people see.
LOST = f"""
WITH lost AS (
    SELECT attempt.run_id, attempt.number, attempt.outcome, attempt.valid_until, key, iteration, step, value,
        time
    FROM runs_attempt AS attempt
    JOIN runs_metricpoint AS point ON point.run_id = attempt.run_id AND point.attempt_id = attempt.id
    WHERE attempt.run_id = ANY(%(runs)s) AND attempt.valid_until IS NOT NULL
        AND key = ANY(%(keys)s) AND iteration >= attempt.valid_until
), span AS (
    SELECT run_id, number, key, min(iteration) AS first, max(iteration) AS last
    FROM lost GROUP BY run_id, number, key HAVING max(iteration) > max(valid_until)
)
SELECT run_id, number, min(outcome), key, {TIMED_EXTREMES}
FROM lost JOIN span USING (run_id, number, key)
GROUP BY run_id, number, key, {bucket_of(NUM_BUCKETS)}
ORDER BY run_id, number, key, min(iteration)
"""


@dataclass
class LostAttempt:
    """The part of an attempt that no longer counts, by metric."""

    number: int
    outcome: str
    by_key: dict[str, Curve] = field(default_factory=dict)


def read_lost(user: User, run_ids: Sequence[UUID], keys: Sequence[str]) -> dict[UUID, list[LostAttempt]]:
    """By run, in the order of the attempts; runs and attempts of which nothing was lost are left out."""
    visible = list(visible_runs(user).filter(id__in=run_ids).values_list("id", flat=True))
    found: dict[UUID, dict[int, LostAttempt]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(LOST, {"runs": visible, "keys": list(keys)})
        for run_id, number, outcome, key, low, high in cursor:
            attempt = found[run_id].setdefault(number, LostAttempt(number, outcome))
            curve = attempt.by_key.setdefault(key, Curve())
            for value, iteration, step, time in sorted((low, high), key=lambda point: point[1]):
                curve.add(value, int(iteration), int(step), time)
    return {run_id: list(attempts.values()) for run_id, attempts in found.items()}
