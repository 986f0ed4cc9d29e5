"""What lists sort and filter runs by without touching their points: `Run.summary`, written with what it is made from.

It maps each metric to its last value that still counts, `score/<prompt set>/<reward>` to the mean of the newest
evaluation, `best/<prompt set>/<reward>` to the highest of a trained checkpoint, and `score`, `best` and
`best_iteration` to those of the run's first reward on its first evaluation prompt set.
"""

import uuid
from collections.abc import Iterable

from django.db import connection
from django.db.models import F, JSONField, Value
from django.db.models.expressions import CombinedExpression

from flowdppo_engine import events

SCORE, BEST, BEST_ITERATION = "score", "best", "best_iteration"

# Metrics by look-ups, from one key to the next, as in `curves.KEYS`.
REFRESH = """
WITH RECURSIVE walk AS (
    (SELECT key FROM runs_metricpoint WHERE run_id = %(run)s ORDER BY key LIMIT 1)
    UNION ALL
    SELECT next.key FROM walk CROSS JOIN LATERAL (
        SELECT key FROM runs_metricpoint WHERE run_id = %(run)s AND key > walk.key ORDER BY key LIMIT 1
    ) AS next
), metric AS (
    SELECT walk.key, last.value FROM walk CROSS JOIN LATERAL (
        SELECT value FROM runs_metricpoint AS point JOIN runs_attempt AS attempt ON attempt.id = point.attempt_id
        WHERE point.run_id = %(run)s AND point.key = walk.key
            AND (attempt.valid_until IS NULL OR iteration <= attempt.valid_until)
        ORDER BY iteration DESC, attempt.number DESC LIMIT 1
    ) AS last
), scored AS (
    SELECT prompt_set || '/' || reward.key AS key, evaluation.iteration, attempt.number,
        reward.value -> 'mean' AS mean,
        evaluation.iteration > 0 AND reward.key NOT LIKE 'drift/%%' AS is_ranked,
        prompt_set = config #>> '{evaluation,prompt_sets,0}'
            AND reward.key = coalesce(config #>> '{rewards,0,label}', config #>> '{rewards,0,name}') AS is_first
    FROM runs_evaluation AS evaluation
    JOIN runs_run AS run ON run.id = evaluation.run_id
    JOIN runs_attempt AS attempt ON attempt.id = evaluation.attempt_id
    CROSS JOIN LATERAL jsonb_each(scores) AS reward
    WHERE run.id = %(run)s AND (attempt.valid_until IS NULL OR evaluation.iteration <= attempt.valid_until)
        AND jsonb_typeof(reward.value -> 'mean') = 'number'
), newest AS (
    SELECT DISTINCT ON (key) key, mean, is_first FROM scored ORDER BY key, iteration DESC, number DESC
), best AS (
    SELECT DISTINCT ON (key) key, mean, iteration, is_first FROM scored WHERE is_ranked
    ORDER BY key, mean DESC, iteration
), entry AS (
    SELECT key, to_jsonb(value) AS value FROM metric
    UNION ALL SELECT 'score/' || key, mean FROM newest
    UNION ALL SELECT 'score', mean FROM newest WHERE is_first
    UNION ALL SELECT 'best/' || key, mean FROM best
    UNION ALL SELECT 'best', mean FROM best WHERE is_first
    UNION ALL SELECT 'best_iteration', to_jsonb(iteration) FROM best WHERE is_first
)
UPDATE runs_run SET summary = (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM entry) WHERE id = %(run)s
"""


def with_last_values(batch: Iterable[events.Event]) -> dict:
    """The column of the run that these events change, ready for `update`; nothing where they hold no metrics."""
    last: dict[str, float] = {}
    for event in batch:
        if isinstance(event, events.Metrics):
            last.update(event.values)
    if not last:
        return {}
    return {"summary": CombinedExpression(F("summary"), "||", Value(last, JSONField()), output_field=JSONField())}


def is_made_anew(batch: Iterable[events.Event]) -> bool:
    """Whether these events change more than last values: scores, or what still counts at all."""
    return any(isinstance(event, events.Started | events.Resumed | events.Evaluation) for event in batch)


def refresh(run_id: uuid.UUID) -> None:
    """Make the summary anew from what the tables hold of the run."""
    with connection.cursor() as cursor:
        cursor.execute(REFRESH, {"run": run_id})
