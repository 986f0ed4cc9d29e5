"""Sweeps: every combination of some knobs' values, each with every seed."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field

from api.configurations import Configuration, resolve
from api.idempotency import once
from api.inputs import Text
from api.paging import Order, PageOf, read_page
from api.problems import unfit
from api.training_runs import Wishes, require_room
from runs.names import suggest_name
from runs.selectors import visible_experiments
from runs.services import require_writer
from sweeps import services
from sweeps.axes import MOST_VALUES, Axis, check_axis
from sweeps.models import Sweep
from sweeps.plans import plan_sweep
from sweeps.points import name_of
from sweeps.results import MEASURES, PointRow, point_rows
from sweeps.selectors import members_of, visible_sweeps
from sweeps.statistics import SeedMean

router = Router(tags=["Sweeps"])

NEWEST_FIRST = Order(("created_at", "id"), is_descending=True)

Seeds = Annotated[list[int], Field(max_length=MOST_VALUES)]


class NewSweep(Configuration, Wishes):
    """The configuration is what the runs have in common."""

    name: Annotated[Text, Field(max_length=120, description="Left out, it is made of the recipe and a number.")] = ""
    axes: Annotated[dict[str, list[Any]], Field(max_length=20, description="A knob's path, and its values.")] = {}
    seeds: Annotated[Seeds, Field(description="Left out, the configuration's own.")] = []


class MoreSeeds(Schema, extra="forbid"):
    seeds: Annotated[Seeds, Field(min_length=1)]


class SeedMeanOut(Schema):
    """A mean over `num` seeds with its 95 % interval, by Student's t; of one seed there is none."""

    mean: float
    num: int
    low: float | None
    high: float | None

    @classmethod
    def of(cls, found: SeedMean | None) -> Self | None:
        return found and cls(mean=found.mean, num=found.num, low=found.low, high=found.high)


class SweepOut(Schema):
    id: uuid.UUID
    name: str
    experiment: int
    recipe: str
    axes: dict[str, list[Any]]
    seeds: list[int]
    created_at: datetime
    page: str

    @classmethod
    def of(cls, sweep: Sweep, **more) -> Self:
        same = {name: getattr(sweep, name) for name in ("id", "name", "recipe", "seeds", "created_at")}
        axes = {axis["knob"]: axis["values"] for axis in sweep.axes}
        page = reverse("sweep", args=[sweep.id])
        return cls(**same, axes=axes, experiment=sweep.experiment_id, page=page, **more)


class PointOut(Schema):
    """A point of the grid with its runs; the score is on held-out prompts, the KL to the base model in nats."""

    values: dict[str, Any]
    runs: list[uuid.UUID]
    num_finished: int
    score: SeedMeanOut | None
    reward: SeedMeanOut | None
    kl: SeedMeanOut | None
    verdict: Annotated[str, Field(description="“best”, “not told apart” from the best, or empty.")]

    @classmethod
    def of(cls, row: PointRow) -> Self:
        means = {name: SeedMeanOut.of(getattr(row, name)) for name in ("score", "reward", "kl")}
        runs = [run.id for run in row.runs]
        return cls(values=row.values, runs=runs, num_finished=row.num_finished, verdict=row.verdict, **means)


class SweepDetail(SweepOut):
    points: list[PointOut]


class SweepPlanOut(Schema):
    num_runs: int
    gpu_hours: Annotated[float | None, Field(description="Null where nothing like it was measured yet.")]
    problems: list[str]


class SweepPage(Schema):
    items: list[SweepOut]
    next: str | None


@router.get("/experiments/{experiment_id}/sweeps", response=SweepPage)
def sweeps(request: HttpRequest, experiment_id: int, page: PageOf):
    """The experiment's sweeps, newest first."""
    experiment = get_object_or_404(visible_experiments(request.user), id=experiment_id)
    found, following = read_page(visible_sweeps(request.user).filter(experiment=experiment), NEWEST_FIRST, page)
    return SweepPage(items=[SweepOut.of(sweep) for sweep in found], next=following)


@router.post("/experiments/{experiment_id}/sweeps/plan", response=SweepPlanOut)
def plan(request: HttpRequest, experiment_id: int, body: NewSweep):
    """How many runs it would be and how long they would take, and which points cannot run; nothing is queued."""
    experiment = get_object_or_404(visible_experiments(request.user), id=experiment_id)
    require_writer(request.user, experiment.team_id)
    data = resolve(request.user, body).config.model_dump(mode="json")
    found = plan_sweep(experiment.team, data, _axes(body, data), _seeds(body, data), body.num_gpus)
    problems = [f"{name_of(point.values, found.labels, None)}: {' '.join(point.problems)}" for point in found.invalid]
    return SweepPlanOut(num_runs=found.num_runs, gpu_hours=found.gpu_hours, problems=problems)


@router.post("/experiments/{experiment_id}/sweeps", response={201: SweepOut})
@once
def make_sweep(request: HttpRequest, experiment_id: int, body: NewSweep):
    """Queue every run of the grid, or none."""
    experiment = get_object_or_404(visible_experiments(request.user), id=experiment_id)
    require_writer(request.user, experiment.team_id)
    resolved = resolve(request.user, body)
    data = resolved.config.model_dump(mode="json")
    require_room(experiment.team, body.num_gpus, data)
    name = body.name.strip() or suggest_name(experiment, resolved.recipe or "sweep", resolved.source)
    sweep = services.make_sweep(
        request.user, experiment, name, resolved.recipe, data, _axes(body, data), _seeds(body, data),
        priority=body.priority_number, num_gpus=body.num_gpus, cloned_from=resolved.source,
    )  # fmt: skip
    return Status(201, SweepOut.of(sweep))


@router.get("/sweeps/{sweep_id}", response=SweepDetail)
def sweep(request: HttpRequest, sweep_id: UUID):
    """A sweep with mean and interval over the seeds of each point; points are compared by the held-out score."""
    found = get_object_or_404(visible_sweeps(request.user), id=sweep_id)
    rows = point_rows(found.knobs, members_of(request.user, found), MEASURES[0])
    return SweepDetail.of(found, points=[PointOut.of(row) for row in rows])


@router.post("/sweeps/{sweep_id}/cancel", response={202: SweepOut})
@once
def cancel_sweep(request: HttpRequest, sweep_id: UUID):
    """Ask every run that has not ended to end."""
    found = get_object_or_404(visible_sweeps(request.user), id=sweep_id)
    services.cancel_sweep(request.user, found)
    return Status(202, SweepOut.of(found))


@router.post("/sweeps/{sweep_id}/seeds", response={201: SweepOut})
@once
def add_seeds(request: HttpRequest, sweep_id: UUID, body: MoreSeeds):
    """Queue the runs of these seeds that are missing."""
    found = get_object_or_404(visible_sweeps(request.user), id=sweep_id)
    services.add_seeds(request.user, found, body.seeds)
    return Status(201, SweepOut.of(visible_sweeps(request.user).get(id=sweep_id)))


def _seeds(body: NewSweep, data: dict) -> list[int]:
    return body.seeds or [data["seed"]]


def _axes(body: NewSweep, data: dict) -> list[Axis]:
    axes = []
    for knob, values in body.axes.items():
        try:
            axes.append(check_axis(knob, values, data))
        except ValueError as error:
            raise unfit(f"axes.{knob}", values, str(error)) from None
    return axes
