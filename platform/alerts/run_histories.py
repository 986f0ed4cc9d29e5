"""The histories of many runs at once, in a number of queries that does not grow with the runs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection
from django.db.models import Q

from alerts.rules.history import Evaluated, History, Scored, Series
from runs.curves import COUNTS
from runs.models import Evaluation
from runs.selectors import STANDS

# How many iterations before the new ones are read at most, for the rules that look back.
LOOK_BACK = 20_000

# As in runs.curves: by the index over (run, id) to what is new, by that over (run, key, iteration) to a curve.
NEW = f"""
SELECT place, max(point.id), min(iteration)
FROM unnest(%(runs)s::uuid[], %(after)s::bigint[]) WITH ORDINALITY AS wanted (run_id, after, place)
CROSS JOIN LATERAL (
    SELECT id, attempt_id, iteration FROM runs_metricpoint
    WHERE run_id = wanted.run_id AND id > wanted.after OFFSET 0
) AS point
JOIN runs_attempt AS attempt ON attempt.id = point.attempt_id
WHERE {COUNTS} GROUP BY place
"""
CURVES = f"""
SELECT place, wanted_key.key, iteration, value
FROM unnest(%(runs)s::uuid[], %(first)s::int[]) WITH ORDINALITY AS wanted (run_id, first, place)
CROSS JOIN unnest(%(keys)s::text[]) AS wanted_key (key)
JOIN runs_metricpoint AS point
    ON point.run_id = wanted.run_id AND point.key = wanted_key.key AND point.iteration >= wanted.first
JOIN runs_attempt AS attempt ON attempt.id = point.attempt_id
WHERE {COUNTS} ORDER BY place, wanted_key.key, iteration
"""


@dataclass(frozen=True)
class Cursor:
    """The last rows that were read of a run; 0 before the first."""

    point_id: int = 0
    evaluation_id: int = 0


@dataclass(frozen=True)
class Reader:
    """What is asked of one run: news since `cursor`, with so many iterations, and evaluations of a prompt set, before.

    `rewards` has the weight of each.
    """

    cursor: Cursor
    iterations: int
    evaluations: int
    rewards: Mapping[str, float]


@dataclass
class News:
    """What came since: the iterations with something new, those with an evaluation, and the whole history for it."""

    cursor: Cursor
    first_iteration: int | None = None
    evaluated: list[int] = field(default_factory=list)
    history: History = field(default_factory=History)

    @property
    def iterations(self) -> list[int]:
        """Everything from the first new iteration on, and each one with a new evaluation, in order."""
        found = set(self.evaluated)
        if self.first_iteration is not None:
            for series in self.history.metrics.values():
                found.update(int(at) for at in series.iterations if at >= self.first_iteration)
        return sorted(found)


def read_news(readers: Mapping[UUID, Reader], keys: Iterable[str]) -> dict[UUID, News]:
    """By run what is new for its reader, with the curves of these metrics."""
    news = {run_id: News(reader.cursor) for run_id, reader in readers.items()}
    _find_new_points(news)
    evaluations = _read_evaluations(news, readers)
    curves = _read_curves(_first_needed(news, evaluations, readers), list(keys))
    for run_id, one in news.items():
        one.history = History(curves.get(run_id, {}), evaluations.get(run_id, []), readers[run_id].rewards)
    return news


def _find_new_points(news: dict[UUID, News]) -> None:
    runs = list(news)
    with connection.cursor() as cursor:
        cursor.execute(NEW, {"runs": runs, "after": [news[run_id].cursor.point_id for run_id in runs]})
        for place, point_id, first in cursor.fetchall():
            one = news[runs[place - 1]]
            one.cursor = Cursor(point_id, one.cursor.evaluation_id)
            one.first_iteration = first


def _read_evaluations(news: dict[UUID, News], readers: Mapping[UUID, Reader]) -> dict[UUID, list[Evaluated]]:
    """The evaluations that the new ones are compared with; their scores are read of these alone."""
    known = Evaluation.objects.filter(STANDS, run__in=list(news)).order_by("iteration", "id")
    by_set: dict[tuple, list[tuple[int, int]]] = defaultdict(list)
    for run_id, row_id, iteration, prompt_set in known.values_list("run_id", "id", "iteration", "prompt_set"):
        by_set[run_id, prompt_set].append((row_id, iteration))
    wanted = Q(pk__in=[])
    for (run_id, _), rows in by_set.items():
        one, seen = news[run_id], news[run_id].cursor.evaluation_id
        new = [place for place, (row_id, _) in enumerate(rows) if row_id > seen]
        if new:
            one.evaluated += [rows[place][1] for place in new]
            first = max(0, new[0] - readers[run_id].evaluations + 1)
            wanted |= Q(pk__in=[row_id for row_id, _ in rows[first:]])
    found: dict[UUID, list[Evaluated]] = defaultdict(list)
    if not any(one.evaluated for one in news.values()):
        return found
    for row in Evaluation.objects.filter(wanted).order_by("iteration", "id"):
        found[row.run_id].append(Evaluated(row.iteration, row.prompt_set, _scores(row.scores)))
        one = news[row.run_id]
        one.cursor = Cursor(one.cursor.point_id, max(one.cursor.evaluation_id, row.id))
    return found


def _first_needed(
    news: dict[UUID, News], evaluations: dict[UUID, list[Evaluated]], readers: Mapping[UUID, Reader]
) -> dict[UUID, int]:
    """The iteration from which curves are needed, of the runs with something new."""
    first = {}
    for run_id, one in news.items():
        starts = [evaluation.iteration for evaluation in evaluations.get(run_id, [])]
        if one.first_iteration is not None:
            starts.append(one.first_iteration - readers[run_id].iterations)
        if starts:
            first[run_id] = max(0, min(starts), max(starts) - LOOK_BACK)
    return first


def _read_curves(first: dict[UUID, int], keys: list[str]) -> dict[UUID, dict[str, Series]]:
    if not first:
        return {}
    runs = list(first)
    points: dict[UUID, dict[str, list]] = defaultdict(lambda: defaultdict(list))
    with connection.cursor() as cursor:
        cursor.execute(CURVES, {"runs": runs, "first": list(first.values()), "keys": keys})
        for place, key, iteration, value in cursor:
            points[runs[place - 1]][key].append((iteration, value))
    return {run_id: {key: Series.of(rows) for key, rows in by_key.items()} for run_id, by_key in points.items()}


def _scores(scores: dict) -> dict[str, Scored]:
    return {name: Scored(score["mean"], score.get("per_prompt", ())) for name, score in scores.items()}
