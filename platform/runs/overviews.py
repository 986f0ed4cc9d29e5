"""The tables of experiments and of runs: each one query, whatever the number of rows."""

from django.db.models import (
    CharField,
    Count,
    F,
    FloatField,
    Func,
    JSONField,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Cast, Coalesce, Greatest, JSONObject

from runs.models import Evaluation, Experiment, MetricPoint, Run, RunState
from runs.selectors import STANDS, visible_experiments, visible_runs
from teams.models import User

REWARD_KEY = "reward/mean"
KL_KEY = "kl/reference_nats"

# A run's score is that of its first reward on its first evaluation prompt set.
FIRST_REWARD = ("rewards", "0")
FIRST_PROMPT_SET = ("evaluation", "prompt_sets", "0")


def experiments_overview(user: User) -> QuerySet[Experiment]:
    """The user's experiments, the liveliest first, with runs by state, last activity and the best score."""
    counts = {f"num_{state}": Count("runs", filter=Q(runs__state=state)) for state in RunState.values}
    best = _first_scores(Evaluation.objects.filter(run__experiment=OuterRef("pk"), iteration__gt=0))
    return (
        visible_experiments(user)
        .annotate(
            **counts,
            last_activity=Greatest(
                "created_at", Max("runs__created_at"), Max("runs__started_at"), Max("runs__ended_at")
            ),
            best_score=Subquery(best.order_by(F("mean").desc(nulls_last=True)).values("mean")[:1]),
        )
        .order_by("-last_activity")
    )


def runs_overview(user: User, experiment: Experiment) -> QuerySet[Run]:
    """An experiment's runs, newest first, with their latest numbers."""
    return with_latest_numbers(visible_runs(user).filter(experiment=experiment)).order_by("-created_at")


def with_latest_numbers(runs: QuerySet[Run]) -> QuerySet[Run]:
    """The runs with `reward`, `kl` and `score` (mean, low, high, difference)."""
    latest = _first_scores(Evaluation.objects.filter(run=OuterRef("pk"))).order_by("-iteration", "-attempt__number")
    return runs.annotate(
        reward=_latest_value(REWARD_KEY), kl=_latest_value(KL_KEY), score=Subquery(latest.values("score")[:1])
    )


def _latest_value(key: str) -> Subquery:
    points = MetricPoint.objects.filter(STANDS, run=OuterRef("pk"), key=key)
    return Subquery(points.order_by("-iteration", "-attempt__number").values("value")[:1])


def _first_scores(evaluations: QuerySet[Evaluation]) -> QuerySet[Evaluation]:
    """Evaluations on their run's first prompt set, with the score of its first reward as `mean` and `score`."""
    label, name = (_Text("run__config", *map(Value, (*FIRST_REWARD, field))) for field in ("label", "name"))
    reward = Coalesce(label, name)
    score = _Json("scores", reward)
    return (
        evaluations.filter(STANDS)
        .annotate(first_prompt_set=_Text("run__config", *map(Value, FIRST_PROMPT_SET)))
        .filter(prompt_set=F("first_prompt_set"))
        .annotate(
            mean=Cast(_Text(score, Value("mean")), FloatField()),
            score=JSONObject(
                **{key: _Json(score, Value(key)) for key in ("mean", "low", "high")},
                difference=_Json("difference", reward),
            ),
        )
    )


class _Json(Func):
    """The part of a JSON value at the end of a path."""

    function = "jsonb_extract_path"
    output_field = JSONField()


class _Text(Func):
    """The same as text."""

    function = "jsonb_extract_path_text"
    output_field = CharField()
