"""Checkpoints on two axes, a point each: what the panel's frontier draws.

Runs score their own checkpoints. Who else measures policies adds a source of theirs to `SOURCES`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.urls import reverse

from runs.curves import COUNTS, SIGNIFICANT_DIGITS
from runs.evaluated import Score, read_scores
from runs.models import Checkpoint, Evaluation, Run
from runs.quantities import NOTHING_AT_START, Pair, Quantity, pairs_of, parse_quantity, quantities_of
from runs.seed_groups import group_key
from runs.selectors import STANDS, visible_runs
from teams.models import User

# After which iteration of which run.
Moment = tuple[UUID, int]
# Mean, and the 95 % interval where there is one.
Value = tuple[float, float | None, float | None]

METRIC_THEN = f"""
SELECT wanted.run_id, wanted.iteration, point.value
FROM unnest(%(runs)s::uuid[], %(iterations)s::int[]) AS wanted (run_id, iteration)
CROSS JOIN LATERAL (
    SELECT value FROM runs_metricpoint AS point JOIN runs_attempt AS attempt ON attempt.id = point.attempt_id
    WHERE point.run_id = wanted.run_id AND point.key = %(key)s AND point.iteration <= wanted.iteration AND {COUNTS}
    ORDER BY point.iteration DESC LIMIT 1
) AS point
"""


@dataclass(frozen=True)
class Source:
    """Somebody who has scored policies: what there is of runs that a person sees, and the values of one score."""

    quantities: Callable[[User, Sequence[Run]], Iterable[Quantity]]
    read: Callable[[User, Sequence[Run], Score], dict[Moment, Value]]


SOURCES = [Source(lambda user, runs: quantities_of(runs), read_scores)]


def read_frontier_points(user: User, run_ids: Sequence[UUID], across: str, up: str) -> dict:
    """All of it, ready for JSON; with empty keys what is usually wanted. Raises ValueError for what is no key."""
    found = visible_runs(user).filter(id__in=run_ids).in_bulk()
    runs = [found[run_id] for run_id in dict.fromkeys(run_ids) if run_id in found]
    own = list(dict.fromkeys(one for source in SOURCES for one in source.quantities(user, runs)))
    pairs = pairs_of(runs, own)
    x, y = _chosen(across, up, pairs)
    known = list(dict.fromkeys([*own, x, y]))
    points = _read_points(user, runs, x, y)
    return {
        "live": any(run.is_live for run in runs),
        "across": x.described(),
        "up": y.described(),
        "quantities": [one.described() for one in known],
        "pairs": [pair.described() for pair in pairs],
        "runs": [_describe(run) | {"points": points[run.id]} for run in runs],
    }


def _chosen(across: str, up: str, pairs: Sequence[Pair]) -> tuple[Quantity, Quantity]:
    usual = pairs[0] if pairs else Pair("", Quantity("kl/reference_nats"), Quantity("reward/mean"))
    x = parse_quantity(across, "across") if across else usual.across
    return x, parse_quantity(up, "up") if up else usual.up


def _read_points(user: User, runs: Sequence[Run], x: Quantity, y: Quantity) -> dict[UUID, list[dict]]:
    scored = {one: _read_score(user, runs, one.score) for one in (x, y) if one.score}
    moments = set.intersection(*map(set, scored.values())) if scored else _checkpoints(runs)
    values = scored | {one: _read_metric(one.key, moments) for one in (x, y) if not one.score}
    points: dict[UUID, list[dict]] = {run.id: [] for run in runs}
    for run_id, iteration in sorted(moments & values[x].keys() & values[y].keys(), key=lambda moment: moment[1]):
        at = (run_id, iteration)
        points[run_id].append({"iteration": iteration, "x": _short(values[x][at]), "y": _short(values[y][at])})
    return points


def _read_score(user: User, runs: Sequence[Run], score: Score) -> dict[Moment, Value]:
    """Where several have scored the same policy, the first source counts."""
    return {at: value for source in reversed(SOURCES) for at, value in source.read(user, runs, score).items()}


def _checkpoints(runs: Sequence[Run]) -> set[Moment]:
    """Where runs have kept or scored their policy."""
    tables = (Checkpoint, Evaluation)
    rows = (model.objects.filter(STANDS, run__in=runs).values_list("run_id", "iteration") for model in tables)
    return {moment for found in rows for moment in found}


def _read_metric(key: str, moments: set[Moment]) -> dict[Moment, Value]:
    """The last value by then. Before the first update the policy is the base model."""
    values = {at: (0.0, None, None) for at in moments if at[1] == 0 and key in NOTHING_AT_START}
    asked = {"key": key, "runs": [run for run, _ in moments], "iterations": [iteration for _, iteration in moments]}
    with connection.cursor() as cursor:
        cursor.execute(METRIC_THEN, asked)
        return values | {(run_id, iteration): (value, None, None) for run_id, iteration, value in cursor}


def _describe(run: Run) -> dict:
    about = {"id": str(run.id), "name": run.name, "group": group_key(run.config), "url": reverse("run", args=[run.id])}
    return about | {"state": run.state, "iteration": run.iteration, "total_iterations": run.total_iterations}


def _short(value: Value) -> list[float | None]:
    """A value without an interval is written as it is."""
    mean, low, high = (part if part is None else float(f"{part:.{SIGNIFICANT_DIGITS}g}") for part in value)
    return [mean] if low is None else [mean, low, high]
