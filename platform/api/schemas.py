"""What the answers hold. Times are ISO 8601 in UTC; a null says that there is none (yet)."""

import uuid
from datetime import datetime
from typing import Any, Literal, Self

from django.urls import reverse
from ninja import Schema

from flowdppo_engine.recipes import Recipe
from runs.models import Experiment, Run, RunState
from teams.models import Membership

State = Literal["queued", "running", "finished", "failed", "cancelled", "stopped"]


class TeamOut(Schema):
    slug: str
    name: str
    role: str
    may_write: bool

    @classmethod
    def of(cls, membership: Membership, may_write: bool) -> Self:
        team = membership.team
        return cls(slug=team.slug, name=team.name, role=membership.role, may_write=may_write)


class MeOut(Schema):
    email: str
    teams: list[TeamOut]


class ExperimentOut(Schema):
    id: int
    name: str
    description: str
    team: str
    created_at: datetime
    last_activity: datetime
    num_runs: dict[State, int]
    best_score: float | None
    page: str

    @classmethod
    def of(cls, row: Experiment) -> Self:
        """`row` from experiments_overview."""
        return cls(
            id=row.id,
            name=row.name,
            description=row.description,
            team=row.team.slug,
            created_at=row.created_at,
            last_activity=row.last_activity,
            num_runs={state: getattr(row, f"num_{state}") for state in RunState.values},
            best_score=row.best_score,
            page=reverse("experiment", args=[row.id]),
        )


class ExperimentPage(Schema):
    items: list[ExperimentOut]
    next: str | None


class ScoreOut(Schema):
    """A mean with its 95 % interval. In a run: of its first reward on its first evaluation prompt set."""

    mean: float | None
    low: float | None
    high: float | None


class ProgressOut(Schema):
    """What the run does now, and how much of the whole is left."""

    phase: str
    done: int
    total: int
    unit: str
    seconds_left: float | None


class RunOut(Schema):
    id: uuid.UUID
    name: str
    experiment: int
    team: str
    recipe: str
    state: State
    iteration: int
    total_iterations: int
    step: int
    progress: ProgressOut | None
    num_attempts: int
    priority: int
    num_gpus: int
    tags: list[str]
    notes: str
    is_archived: bool
    is_reported: bool
    cancel_requested: bool
    stop_requested: bool
    error: str
    hint: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    page: str

    @classmethod
    def of(cls, run: Run, **more) -> Self:
        same = ("id", "name", "recipe", "state", "iteration", "total_iterations", "step", "num_attempts")
        same += ("priority", "num_gpus", "tags", "notes", "is_reported")
        same += ("error", "hint", "created_at", "started_at", "ended_at")
        return cls(
            **{name: getattr(run, name) for name in same},
            experiment=run.experiment_id,
            team=run.experiment.team.slug,
            progress=_progress(run),
            is_archived=run.archived_at is not None,
            cancel_requested=run.cancel_requested_at is not None,
            stop_requested=run.stop_requested_at is not None,
            page=reverse("run", args=[run.id]),
            **more,
        )


class RunPage(Schema):
    items: list[RunOut]
    next: str | None


class RunDetail(RunOut):
    """A run with its latest numbers and its whole configuration."""

    reward: float | None
    kl: float | None
    score: ScoreOut | None
    config: dict[str, Any]

    @classmethod
    def of(cls, run: Run, **more) -> Self:
        """`run` from runs_overview."""
        score = run.score and ScoreOut(**{name: run.score[name] for name in ("mean", "low", "high")})
        return super().of(run, reward=run.reward, kl=run.kl, score=score, config=run.config)


class RecipeOut(Schema):
    name: str
    family: str
    method: str
    origin: str
    description: str

    @classmethod
    def of(cls, recipe: Recipe, **more) -> Self:
        names = ("name", "family", "method", "origin", "description")
        return cls(**{name: getattr(recipe, name) for name in names}, **more)


class RecipeDetail(RecipeOut):
    config: dict[str, Any]


class CheckedOut(Schema):
    """A good configuration as it would be stored, with what it takes and what to look at twice, in sentences."""

    config: dict[str, Any]
    yaml: str
    facts: list[str]
    warnings: list[str]


class MetricOut(Schema):
    key: str
    title: str


class SeriesOut(Schema):
    """The points of one metric as columns, in the order of their iterations."""

    iteration: list[int]
    step: list[int]
    value: list[float | None]


class PointsOut(Schema):
    series: dict[str, SeriesOut]
    is_thinned: bool


class LogLineOut(Schema):
    id: int
    time: datetime
    level: str
    message: str


class LogOut(Schema):
    """`cursor` is for `after` of the next request; while `live` more lines may come."""

    lines: list[LogLineOut]
    cursor: int
    live: bool


class EvaluationOut(Schema):
    iteration: int
    step: int
    prompt_set: str
    num_prompts: int
    scores: dict[str, ScoreOut]
    difference: dict[str, ScoreOut]


class SampleOut(Schema):
    """A picture; `picture` and `thumbnail` are addresses of this API.

    `fixed` samples have the same prompts and seeds each time. A `rollout` is one of a whole group that training drew,
    with its group's number, its advantage and, where it was measured, its KL to the base model in nats.
    """

    id: int
    iteration: int
    step: int
    kind: Literal["fixed", "rollout"]
    index: int
    prompt: str
    seed: int
    rewards: dict[str, float | None]
    group: int | None
    advantage: float | None
    kl: float | None
    picture: str
    thumbnail: str


class SamplePage(Schema):
    items: list[SampleOut]
    next: str | None


class CheckpointOut(Schema):
    """`removed`: the engine keeps the last ones only. `folder` and `lora` are addresses of this API."""

    id: int
    iteration: int
    step: int
    name: str
    num_bytes: int
    removed: bool
    folder: str
    lora: str


class AttemptOut(Schema):
    number: int
    worker: str
    outcome: str
    resumed_from: int | None
    valid_until: int | None
    started_at: datetime
    ended_at: datetime | None
    error: str


def _progress(run: Run) -> ProgressOut | None:
    if not (run.is_live and run.phase):
        return None
    return ProgressOut(
        phase=run.phase,
        done=run.phase_done,
        total=run.phase_total,
        unit=run.phase_unit,
        seconds_left=run.seconds_left,
    )
