"""Evaluations that people asked for, as points of the panel's frontier."""

from collections.abc import Sequence

from django.db import connection

from jobs.models import Kind
from runs.evaluated import Score
from runs.frontier_points import Moment, Source, Value
from runs.models import Run
from runs.quantities import AT, Quantity
from teams.models import User

# Of `runs` the person sees every one, and a job is of its run's team.
TOLD = """
FROM jobs_job AS job
CROSS JOIN LATERAL jsonb_array_elements(job.result -> 'evaluation') AS told
CROSS JOIN LATERAL jsonb_each(told -> 'scores') AS score
WHERE job.kind = %(kind)s AND job.run_id = ANY(%(runs)s)
"""
KEYS = f"SELECT DISTINCT score.key || '{AT}' || (told ->> 'prompt_set') {TOLD}"
# The newest evaluation of a policy comes last.
VALUES = f"""
SELECT job.run_id, (told ->> 'iteration')::int, (score.value ->> 'mean')::float8, (score.value ->> 'low')::float8,
    (score.value ->> 'high')::float8
{TOLD} AND score.key = %(reward)s AND told ->> 'prompt_set' = %(prompt_set)s AND score.value ->> 'mean' IS NOT NULL
ORDER BY job.created_at, job.id
"""


def read_quantities(user: User, runs: Sequence[Run]) -> list[Quantity]:
    return sorted((Quantity(key) for (key,) in _rows(KEYS, runs)), key=lambda one: one.key)


def read_values(user: User, runs: Sequence[Run], score: Score) -> dict[Moment, Value]:
    rows = _rows(VALUES, runs, reward=score.reward, prompt_set=score.prompt_set)
    return {(run_id, iteration): (mean, low, high) for run_id, iteration, mean, low, high in rows}


def _rows(query: str, runs: Sequence[Run], **facts: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(query, {"kind": Kind.EVALUATE, "runs": [run.id for run in runs], **facts})
        return cursor.fetchall()


SOURCE = Source(read_quantities, read_values)
