"""Scores of checkpoints, with how far each is from the base model: what "best so far" and the frontier are made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import F, FloatField, Func, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast

from catalog.prompt_files import name_of
from runs.lists.knowledge import Knowledge
from runs.metric_names import KL_TO_BASE
from runs.models import Experiment, MetricPoint, Run
from runs.selectors import STANDS, visible_evaluations, visible_runs
from runs.summaries import BEST
from teams.models import User


@dataclass(frozen=True)
class Score:
    """One reward on one prompt set."""

    prompt_set: str
    reward: str

    @property
    def key(self) -> str:
        """What the highest of a run is called in its summary."""
        return f"{BEST}/{self.prompt_set}/{self.reward}"

    @property
    def title(self) -> str:
        return f"{self.reward} on {name_of(self.prompt_set)}"


@dataclass(frozen=True)
class Measured:
    """A checkpoint's score with its 95 % interval, and its KL to the base model in nats where it is known."""

    run: Run
    iteration: int
    mean: float
    low: float | None
    high: float | None
    kl: float | None


def scores_of(knowledge: Knowledge) -> list[Score]:
    """What trained checkpoints were ranked by, each run's own first score before the others."""
    keys = [key.removeprefix(f"{BEST}/") for key in knowledge.scores if key.startswith(f"{BEST}/")]
    found = [Score(*key.rsplit("/", 1)) for key in keys]
    return sorted(
        found, key=lambda score: (f"{score.prompt_set}/{score.reward}" != knowledge.first_score, score.title)
    )


def best_runs(user: User, experiment: Experiment, score: Score) -> QuerySet[Run]:
    """The experiment's runs that have such a score and are not archived, the best first."""
    value = Cast(Func(F("summary"), Value(score.key), function="jsonb_extract_path_text"), FloatField())
    runs = visible_runs(user).filter(experiment=experiment, archived_at=None)
    return runs.annotate(best=value).filter(best__isnull=False).order_by("-best", "-id")


def read_measured(user: User, runs: list[Run], score: Score) -> list[Measured]:
    """Every evaluation of these runs with this score, base model included, in the order of runs and iterations."""
    by_id = {run.id: run for run in runs}
    rows = (
        visible_evaluations(user)
        .filter(run__in=by_id, prompt_set=score.prompt_set)
        .annotate(**{name: _part(score.reward, name) for name in ("mean", "low", "high")}, kl=Subquery(kl_then()))
        .filter(mean__isnull=False)
        .values_list("run_id", "iteration", "mean", "low", "high", "kl")
    )
    # Before the first update the policy is the base model.
    found = [
        Measured(by_id[run_id], at, mean, low, high, kl if at else 0.0) for run_id, at, mean, low, high, kl in rows
    ]
    place = {run.id: number for number, run in enumerate(runs)}
    return sorted(found, key=lambda one: (place[one.run.id], one.iteration))


def read_scores(
    user: User, runs: Sequence[Run], score: Score
) -> dict[tuple[UUID, int], tuple[float, float | None, float | None]]:
    """By run and iteration: the mean of this score, and its 95 % interval."""
    rows = (
        visible_evaluations(user)
        .filter(run__in=runs, prompt_set=score.prompt_set)
        .annotate(**{name: _part(score.reward, name) for name in ("mean", "low", "high")})
        .filter(mean__isnull=False)
        .values_list("run_id", "iteration", "mean", "low", "high")
    )
    return {(run_id, iteration): (mean, low, high) for run_id, iteration, mean, low, high in rows}


def _part(reward: str, name: str) -> Cast:
    path = (Value(reward), Value(name))
    return Cast(Func(F("scores"), *path, function="jsonb_extract_path_text"), FloatField())


def kl_then() -> QuerySet:
    """For each evaluation, the last KL to the base model that training had measured by then."""
    return (
        MetricPoint.objects.filter(STANDS, run=OuterRef("run"), key=KL_TO_BASE)
        .filter(iteration__lte=OuterRef("iteration"))
        .order_by("-iteration")
        .values("value")[:1]
    )
