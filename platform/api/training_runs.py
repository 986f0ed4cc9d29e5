"""Runs: submitted, listed and shown."""

from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from api.configurations import Configuration, resolve
from api.idempotency import once
from api.inputs import Text
from api.paging import Order, PageOf, read_page
from api.problems import unfit
from api.schemas import AttemptOut, RunDetail, RunOut, RunPage, State
from fleet.targets import MOST_GPUS, refusals
from runs import services
from runs.filters import parse
from runs.models import Priority
from runs.names import suggest_name
from runs.overviews import with_latest_numbers
from runs.selectors import visible_attempts, visible_experiments, visible_runs
from teams.models import Team

router = Router(tags=["Runs"])

NEWEST_FIRST = Order(("created_at", "id"), is_descending=True)


PRIORITIES = {"low": Priority.LOW, "normal": Priority.NORMAL, "high": Priority.HIGH}
PriorityName = Literal["low", "normal", "high"]


class Wishes(Schema):
    """How a run waits for its GPUs."""

    priority: Annotated[PriorityName, Field(description="Among the runs of all teams.")] = "normal"
    num_gpus: Annotated[int, Field(ge=1, le=MOST_GPUS, description="Of one node.")] = 1

    @property
    def priority_number(self) -> int:
        return PRIORITIES[self.priority]


class NewRun(Configuration, Wishes):
    name: Annotated[Text, Field(max_length=120, description="Left out, it is made of the recipe and a number.")] = ""


class RunFilter(Schema):
    experiment: Annotated[int | None, Field(description="Its id.")] = None
    team: Annotated[Text, Field(description="Its slug.")] = ""
    state: Annotated[list[State], Field(description="May be repeated.")] = []
    name: Annotated[Text, Field(description="A part of the name.")] = ""
    recipe: Text = ""
    q: Annotated[Text, Field(description="As in the browser: state = finished and reward/mean > 0.6")] = ""
    archived: Annotated[bool, Field(description="Those that were put away, too.")] = False


@router.get("/runs", response=RunPage)
def runs(request: HttpRequest, page: PageOf, chosen: Annotated[RunFilter, Query()]):
    """The runs of your teams, newest first."""
    filters = {"experiment": chosen.experiment, "experiment__team__slug": chosen.team, "recipe": chosen.recipe}
    filters |= {"state__in": chosen.state, "name__icontains": chosen.name}
    rows = visible_runs(request.user).filter(**{field: value for field, value in filters.items() if value})
    rows = rows.filter(parse(chosen.q, request.user)) if chosen.q.strip() else rows
    rows = rows if chosen.archived else rows.filter(archived_at=None)
    found, following = read_page(rows, NEWEST_FIRST, page)
    return RunPage(items=[RunOut.of(run) for run in found], next=following)


@router.post("/experiments/{experiment_id}/runs", response={201: RunOut})
@once
def submit_run(request: HttpRequest, experiment_id: int, body: NewRun):
    """Queue a run of a recipe, of a copied run, or of a configuration of your own."""
    experiment = get_object_or_404(visible_experiments(request.user), id=experiment_id)
    services.require_writer(request.user, experiment.team_id)
    resolved = resolve(request.user, body)
    name = body.name.strip() or suggest_name(experiment, resolved.recipe or "run", resolved.source)
    config = resolved.config.model_dump(mode="json")
    require_room(experiment.team, body.num_gpus, config)
    run = services.submit_run(
        request.user, experiment, name, resolved.recipe, config,
        cloned_from=resolved.source, priority=body.priority_number, num_gpus=body.num_gpus,
    )  # fmt: skip
    return Status(201, RunOut.of(run))


def require_room(team: Team, num_gpus: int, config: dict) -> None:
    """Refuses what no node could ever start."""
    if found := refusals(team, num_gpus, config):
        raise unfit("num_gpus", num_gpus, " ".join(found))


@router.get("/runs/{run_id}", response=RunDetail)
def run(request: HttpRequest, run_id: UUID):
    """A run with its latest numbers and its configuration."""
    return RunDetail.of(get_object_or_404(with_latest_numbers(visible_runs(request.user)), id=run_id))


@router.get("/runs/{run_id}/attempts", response=list[AttemptOut])
def attempts(request: HttpRequest, run_id: UUID):
    """The lives of the run. What one wrote past `valid_until` was rolled back by a later one."""
    found = get_object_or_404(visible_runs(request.user), id=run_id)
    return list(visible_attempts(request.user).filter(run=found))
