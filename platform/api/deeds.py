"""What is done to runs that are there: stopped, resumed, continued, described, put away.

On the router of runs: operations of one address must share a router.
"""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Schema
from ninja.responses import Status
from pydantic import Field

from api.idempotency import once
from api.inputs import Text
from api.schemas import RunOut
from api.training_runs import PRIORITIES, PriorityName, router
from fleet.waiting import explain
from runs import services, upkeep
from runs.continuing import MAX_ITERATIONS
from runs.models import Run
from runs.names import suggest_name
from runs.selectors import visible_checkpoints, visible_experiments, visible_runs
from teams.models import User


class More(Schema, extra="forbid"):
    num_iterations: Annotated[int, Field(ge=1, le=MAX_ITERATIONS, description="In all, those that are done too.")]


class Rank(Schema, extra="forbid"):
    priority: Annotated[PriorityName, Field(description="Among the runs of all teams.")]


class From(Schema, extra="forbid"):
    """A new run with the checkpoint's weights, moments and place."""

    name: Annotated[Text, Field(max_length=120, description="Left out, it is the run's with a number.")] = ""
    experiment: Annotated[int | None, Field(description="Its id; left out, the run's own.")] = None
    config: Annotated[dict[str, Any], Field(description="Fields of RunConfig on top of the run's.")] = {}


class Said(Schema, extra="forbid"):
    """What is left out stays as it is."""

    name: Annotated[Text | None, Field(min_length=1, max_length=120)] = None
    notes: Annotated[Text | None, Field(max_length=upkeep.LONGEST_NOTES, description="Markdown.")] = None
    tags: Annotated[list[Text] | None, Field(max_length=upkeep.MOST_TAGS)] = None
    is_archived: bool | None = None


class WaitingOut(Schema):
    text: Annotated[str, Field(description="Why it waits, in words; empty where it does not wait.")]


@router.post("/runs/{run_id}/cancel", response={202: RunOut})
@once
def cancel_run(request: HttpRequest, run_id: UUID):
    """Ask the run to end now. It writes a last checkpoint; what it has made stays."""
    return _do(request, run_id, services.cancel_run)


@router.post("/runs/{run_id}/stop", response={202: RunOut})
@once
def stop_run(request: HttpRequest, run_id: UUID):
    """Ask the run to end after its next checkpoint. It can be resumed."""
    return _do(request, run_id, services.stop_run)


@router.post("/runs/{run_id}/resume", response={202: RunOut})
@once
def resume_run(request: HttpRequest, run_id: UUID):
    """Have a run that was stopped, cancelled or has failed go on after its last checkpoint, or else from its start."""
    return _do(request, run_id, services.resume_run)


@router.post("/runs/{run_id}/priority", response={202: RunOut})
@once
def set_priority(request: HttpRequest, run_id: UUID, body: Rank):
    """Put a run that waits before or behind others."""

    def deed(user: User, run: Run) -> None:
        services.set_priority(user, run, PRIORITIES[body.priority])

    return _do(request, run_id, deed)


@router.post("/runs/{run_id}/continue", response={202: RunOut})
@once
def continue_run(request: HttpRequest, run_id: UUID, body: More):
    """Have a finished run go on until it has done more iterations."""

    def deed(user: User, run: Run) -> None:
        services.continue_run(user, run, body.num_iterations)

    return _do(request, run_id, deed)


@router.post("/checkpoints/{checkpoint_id}/continue", response={201: RunOut})
@once
def continue_from(request: HttpRequest, checkpoint_id: int, body: From):
    """Queue a new run that starts from the checkpoint."""
    checkpoint = get_object_or_404(visible_checkpoints(request.user), id=checkpoint_id)
    source = get_object_or_404(visible_runs(request.user), id=checkpoint.run_id)
    wanted = body.experiment or source.experiment_id
    experiment = get_object_or_404(visible_experiments(request.user), id=wanted)
    name = body.name.strip() or suggest_name(experiment, source.recipe, source)
    run = services.continue_from(request.user, checkpoint, experiment, name, body.config)
    return Status(201, RunOut.of(run))


@router.patch("/runs/{run_id}", response=RunOut)
def describe_run(request: HttpRequest, run_id: UUID, body: Said):
    """Name, notes, tags, and whether the run is put away."""
    run = get_object_or_404(visible_runs(request.user), id=run_id)
    said = upkeep.Description(
        name=run.name if body.name is None else body.name.strip(),
        notes=run.notes if body.notes is None else body.notes,
        tags=run.tags if body.tags is None else upkeep.parse_tags(",".join(body.tags)),
    )
    upkeep.describe_run(request.user, run, said)
    if body.is_archived is not None:
        move = upkeep.archive_runs if body.is_archived else upkeep.unarchive_runs
        move(request.user, [run])
    return RunOut.of(visible_runs(request.user).get(id=run_id))


@router.get("/runs/{run_id}/waiting", response=WaitingOut)
def waiting(request: HttpRequest, run_id: UUID):
    """Why the run waits: its place in line, and what it waits for."""
    return WaitingOut(text=explain(get_object_or_404(visible_runs(request.user), id=run_id)))


def _do(request: HttpRequest, run_id: UUID, deed: Callable[[User, Run], Any]) -> Status:
    run = get_object_or_404(visible_runs(request.user), id=run_id)
    deed(request.user, run)
    return Status(202, RunOut.of(visible_runs(request.user).get(id=run_id)))
