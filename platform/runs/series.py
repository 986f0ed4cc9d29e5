"""What the panel draws of runs: curves, evaluations, and at which iterations there are samples.

A first call brings everything, thinned; later calls with its cursor bring only what was written since.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db.models import Max, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse

from runs import cursors
from runs.cursors import Position
from runs.curves import Curve, RunCurves, read_curves, read_keys
from runs.gpu_hours import Clock, Held, clock_of, held_by
from runs.lost_points import LostAttempt, read_lost
from runs.metric_names import KL_TO_BASE
from runs.models import Evaluation, MetricPoint, Run, Sample, SampleKind
from runs.samples_seen import Seen, seen_by
from runs.seed_groups import group_key
from runs.selectors import STANDS, visible_runs
from teams.models import User


def list_metric_keys(user: User, run_ids: Sequence[UUID]) -> list[str]:
    """Every metric that one of the runs has a value of."""
    visible = visible_runs(user).filter(id__in=run_ids).values_list("id", flat=True)
    return read_keys(list(visible))


def read_series(
    user: User, run_ids: Sequence[UUID], keys: Sequence[str], cursor: str = "", with_hours: bool = False
) -> dict:
    """All of it, ready for JSON; `with_hours` also each run's GPU hours. Raises ValueError on a foreign cursor."""
    asked_for = visible_runs(user).filter(id__in=run_ids).prefetch_related("attempts").in_bulk()
    runs = [asked_for[run_id] for run_id in dict.fromkeys(run_ids) if run_id in asked_for]
    known = cursors.decode(cursor)
    start = {run.id: _start(run, known.get(run.id)) for run in runs}
    curves = read_curves({run_id: at.point for run_id, at in start.items()}, keys)
    held = held_by(runs, keys) if with_hours else {}
    seen = seen_by([run for run in runs if known.get(run.id) != start[run.id]])
    evaluations = _read_evaluations(start)
    samples = _read_sample_iterations(start)
    reached = {
        run_id: Position(
            at.splice,
            curves[run_id].last_point if run_id in curves else at.point,
            max([at.evaluation, *(row.id for row in evaluations[run_id])]),
            max([at.sample, *samples[run_id].values()]),
        )
        for run_id, at in start.items()
    }
    return {
        "cursor": cursors.encode(reached),
        "live": any(run.is_live for run in runs),
        "runs": [
            {
                **_describe(run, seen.get(run.id)),
                "series": _columns(_by_key(curves, run)),
                **({"clock": _describe_clock(clock_of(held[run.id], _by_key(curves, run)))} if with_hours else {}),
                "evaluations": [_describe_evaluation(row) for row in evaluations[run.id]],
                "sample_iterations": sorted(samples[run.id]),
            }
            for run in runs
        ],
    }


def read_lost_series(
    user: User, run_ids: Sequence[UUID], keys: Sequence[str], with_hours: bool = False
) -> dict[str, list[dict]]:
    """What attempts had written before they were rolled back, ready for JSON."""
    found = read_lost(user, run_ids, keys)
    runs = visible_runs(user).filter(id__in=found).prefetch_related("attempts") if with_hours else []
    held = held_by(list(runs), keys)
    return {
        str(run_id): [_describe_lost(lost, held.get(run_id)) for lost in attempts]
        for run_id, attempts in found.items()
    }


def _start(run: Run, known: Position | None) -> Position:
    splice = ".".join(f"{a.number}-{a.valid_until}" for a in run.attempts.all() if a.valid_until is not None)
    return known if known and known.splice == splice else Position(splice)


def _written_since(rows: QuerySet, last_ids: dict[UUID, int]) -> QuerySet:
    since = Q(pk__in=[])
    for run_id, last_id in last_ids.items():
        since |= Q(run_id=run_id, id__gt=last_id)
    return rows.filter(since).filter(STANDS).order_by("run_id", "iteration")


def _read_evaluations(start: dict[UUID, Position]) -> dict[UUID, list[Evaluation]]:
    kl_then = (
        MetricPoint.objects.filter(STANDS, run=OuterRef("run"), key=KL_TO_BASE)
        .filter(iteration__lte=OuterRef("iteration"))
        .order_by("-iteration")
        .values("value")[:1]
    )
    rows = Evaluation.objects.annotate(kl=Subquery(kl_then))
    found = defaultdict(list)
    for row in _written_since(rows, {run_id: at.evaluation for run_id, at in start.items()}):
        found[row.run_id].append(row)
    return found


def _read_sample_iterations(start: dict[UUID, Position]) -> dict[UUID, dict[int, int]]:
    """By run: iterations with fixed samples, each with the highest primary key among them."""
    found = defaultdict(dict)
    fixed = Sample.objects.filter(kind=SampleKind.FIXED)
    rows = _written_since(fixed, {run_id: at.sample for run_id, at in start.items()})
    for run_id, iteration, last_id in rows.values_list("run_id", "iteration").annotate(last_id=Max("id")):
        found[run_id][iteration] = last_id
    return found


def _describe(run: Run, seen: Seen | None) -> dict:
    """Where the run stands; to a reader who starts (over), and only to them with `seen`, also what does not change."""
    where = {"id": str(run.id), "reset": seen is not None, "state": run.state}
    where |= {"iteration": run.iteration, "total_iterations": run.total_iterations}
    if seen is None:
        return where
    return where | {
        "name": run.name,
        "group": group_key(run.config),
        "url": reverse("run", args=[run.id]),
        "samples": {"start": seen.start, "before": seen.before, "each": seen.each},
        "prompt_sets": run.config["evaluation"]["prompt_sets"],
        # A reward's score goes by its label, or else by its name; training maximises those with a weight.
        "rewards": {reward.get("label") or reward["name"]: reward["weight"] for reward in run.config["rewards"]},
    }


def _by_key(curves: Mapping[UUID, RunCurves], run: Run) -> Mapping[str, Curve]:
    return curves[run.id].by_key if run.id in curves else {}


def _describe_clock(clock: Clock) -> dict[str, list]:
    return {"iteration": clock.iterations, "hours": clock.hours}


def _describe_lost(lost: LostAttempt, held: Sequence[Held] | None) -> dict:
    clock = {} if held is None else {"clock": _describe_clock(clock_of(held, lost.by_key))}
    return {"number": lost.number, "outcome": lost.outcome, "series": _columns(lost.by_key), **clock}


def _columns(by_key: Mapping[str, Curve]) -> dict[str, dict[str, list]]:
    return {
        key: {"iteration": curve.iterations, "step": curve.steps, "value": curve.values}
        for key, curve in by_key.items()
    }


def _describe_evaluation(row: Evaluation) -> dict:
    return {
        "iteration": row.iteration,
        "step": row.step,
        "prompt_set": row.prompt_set,
        "num_prompts": row.num_prompts,
        "scores": {name: [score["mean"], score["low"], score["high"]] for name, score in row.scores.items()},
        "difference": {name: [gap["mean"], gap["low"], gap["high"]] for name, gap in row.difference.items()},
        # Before the first update the policy is the base model.
        "kl": 0.0 if row.iteration == 0 else row.kl,
    }
