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

from runs.metric_names import KL_TO_BASE, REWARD
from runs.models import Evaluation, Experiment, Run, RunState
from runs.selectors import STANDS, visible_experiments, visible_runs
from runs.summaries import BEST
from teams.models import User

# A run's score is that of its first reward on its first evaluation prompt set.
FIRST_REWARD = ("rewards", "0")
FIRST_PROMPT_SET = ("evaluation", "prompt_sets", "0")

UNARCHIVED = Q(runs__archived_at=None)
LAST_ACTIVITY = Greatest("created_at", Max("runs__created_at"), Max("runs__started_at"), Max("runs__ended_at"))


def experiments_overview(user: User) -> QuerySet[Experiment]:
    """The user's experiments, the liveliest first, with last activity, and of the runs that are not archived how
    many are in each state (`num_queued`, ...) and the best score.
    """
    counts = {f"num_{state}": Count("runs", filter=UNARCHIVED & Q(runs__state=state)) for state in RunState.values}
    best = Max(Cast(_Text("runs__summary", Value(BEST)), FloatField()), filter=UNARCHIVED)
    return (
        visible_experiments(user)
        .annotate(**counts, last_activity=LAST_ACTIVITY, best_score=best)
        .order_by("-last_activity")
    )


def runs_overview(user: User, experiment: Experiment) -> QuerySet[Run]:
    """An experiment's runs, newest first, with their latest numbers."""
    return with_latest_numbers(visible_runs(user).filter(experiment=experiment)).order_by("-created_at")


def with_latest_numbers(runs: QuerySet[Run]) -> QuerySet[Run]:
    """The runs with `reward`, `kl` and `score` (mean, low, high, difference)."""
    latest = _first_scores(Evaluation.objects.filter(run=OuterRef("pk"))).order_by("-iteration", "-attempt__number")
    return runs.annotate(
        reward=_last_value(REWARD), kl=_last_value(KL_TO_BASE), score=Subquery(latest.values("score")[:1])
    )


def _last_value(key: str) -> Cast:
    return Cast(_Text("summary", Value(key)), FloatField())


def _first_scores(evaluations: QuerySet[Evaluation]) -> QuerySet[Evaluation]:
    """Evaluations on their run's first prompt set, with the score of its first reward as `score`."""
    label, name = (_Text("run__config", *map(Value, (*FIRST_REWARD, field))) for field in ("label", "name"))
    reward = Coalesce(label, name)
    score = _Json("scores", reward)
    return (
        evaluations.filter(STANDS)
        .annotate(first_prompt_set=_Text("run__config", *map(Value, FIRST_PROMPT_SET)))
        .filter(prompt_set=F("first_prompt_set"))
        .annotate(
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
