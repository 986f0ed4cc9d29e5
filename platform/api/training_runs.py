"""Runs: submitted, listed, shown and cancelled."""

from typing import Annotated
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
from api.schemas import AttemptOut, RunDetail, RunOut, RunPage, State
from runs import services
from runs.overviews import with_latest_numbers
from runs.selectors import visible_attempts, visible_experiments, visible_runs

router = Router(tags=["Runs"])

NEWEST_FIRST = Order(("created_at", "id"), is_descending=True)


class NewRun(Configuration):
    name: Annotated[Text, Field(max_length=120, description="Left out, it is made of the recipe and a number.")] = ""


class RunFilter(Schema):
    experiment: Annotated[int | None, Field(description="Its id.")] = None
    team: Annotated[Text, Field(description="Its slug.")] = ""
    state: Annotated[list[State], Field(description="May be repeated.")] = []
    name: Annotated[Text, Field(description="A part of the name.")] = ""
    recipe: Text = ""


@router.get("/runs", response=RunPage)
def runs(request: HttpRequest, page: PageOf, chosen: Annotated[RunFilter, Query()]):
    """The runs of your teams, newest first."""
    filters = {"experiment": chosen.experiment, "experiment__team__slug": chosen.team, "recipe": chosen.recipe}
    filters |= {"state__in": chosen.state, "name__icontains": chosen.name}
    rows = visible_runs(request.user).filter(**{field: value for field, value in filters.items() if value})
    found, following = read_page(rows, NEWEST_FIRST, page)
    return RunPage(items=[RunOut.of(run) for run in found], next=following)


@router.post("/experiments/{experiment_id}/runs", response={201: RunOut})
@once
def submit_run(request: HttpRequest, experiment_id: int, body: NewRun):
    """Queue a run of a recipe, of a copied run, or of a configuration of your own."""
    experiment = get_object_or_404(visible_experiments(request.user), id=experiment_id)
    services.require_writer(request.user, experiment.team_id)
    resolved = resolve(request.user, body)
    name = body.name.strip() or f"{resolved.recipe or 'run'} {experiment.runs.count() + 1}"
    config = resolved.config.model_dump(mode="json")
    run = services.submit_run(request.user, experiment, name, resolved.recipe, config)
    return Status(201, RunOut.of(run))


@router.get("/runs/{run_id}", response=RunDetail)
def run(request: HttpRequest, run_id: UUID):
    """A run with its latest numbers and its configuration."""
    return RunDetail.of(get_object_or_404(with_latest_numbers(visible_runs(request.user)), id=run_id))


@router.post("/runs/{run_id}/cancel", response={202: RunOut})
@once
def cancel_run(request: HttpRequest, run_id: UUID):
    """Ask the run to stop. It writes a last checkpoint; what it has made stays."""
    found = get_object_or_404(visible_runs(request.user), id=run_id)
    services.cancel_run(request.user, found)
    found.refresh_from_db()
    return Status(202, RunOut.of(found))


@router.get("/runs/{run_id}/attempts", response=list[AttemptOut])
def attempts(request: HttpRequest, run_id: UUID):
    """The lives of the run. What one wrote past `valid_until` was rolled back by a later one."""
    found = get_object_or_404(visible_runs(request.user), id=run_id)
    return list(visible_attempts(request.user).filter(run=found))
