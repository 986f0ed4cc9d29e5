"""Runs trained elsewhere: registered here, and their engine's events sent as they are written."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Header, Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from api.idempotency import once
from api.inputs import Text
from api.problems import Problem, Refused
from api.schemas import RunOut, State
from runs import reporting
from runs.selectors import visible_experiments, visible_runs

router = Router(tags=["Runs trained elsewhere"])

LINES = {
    "requestBody": {
        "required": True,
        "content": {"application/x-ndjson": {"schema": {"type": "string", "description": "At most 2.5 MB."}}},
    }
}


class NewReportedRun(Schema, extra="forbid"):
    name: Annotated[Text, Field(min_length=1, max_length=120)]
    config: Annotated[dict[str, Any], Field(description="The engine's config.yaml.")]


class NewAttempt(Schema, extra="forbid"):
    host: Annotated[Text, Field(min_length=1, max_length=120, description="Where the engine runs.")]


class AttemptHeld(Schema):
    number: int
    token: UUID
    offset: Annotated[int, Field(description="The byte of events.jsonl from which on to send.")]


class Taken(Schema):
    """Anything but “running” says that nothing more is to be sent."""

    offset: int
    state: State


@router.post("/experiments/{experiment_id}/reported-runs", response={201: RunOut})
@once
def register_run(request: HttpRequest, experiment_id: int, body: NewReportedRun):
    """A run whose engine you run yourself; no worker takes it."""
    experiment = get_object_or_404(visible_experiments(request.user), id=experiment_id)
    run = reporting.register(request.user, experiment, body.name, body.config)
    return Status(201, RunOut.of(run))


@router.post("/runs/{run_id}/reports", response={201: AttemptHeld})
@once
def begin_attempt(request: HttpRequest, run_id: UUID, body: NewAttempt):
    """Hold the run, to send its events. It is let go a minute after the last of them."""
    run = get_object_or_404(visible_runs(request.user), id=run_id)
    try:
        lease = reporting.begin(request.user, run, body.host)
    except reporting.NotTaken as refusal:
        raise _conflict(refusal) from None
    return Status(201, AttemptHeld(number=lease.attempt_number, token=lease.token, offset=run.event_offset))


@router.post("/runs/{run_id}/events", response=Taken, openapi_extra=LINES)
def send_events(
    request: HttpRequest,
    run_id: UUID,
    token: Annotated[UUID, Header(alias="Attempt-Token")],
    offset: Annotated[int, Query(ge=0, lt=2**63)],
):
    """Whole lines of events.jsonl from byte `offset` on, each stored once; none, to keep hold of the run.

    409 tells in `problems` from which offset on to send.
    """
    run = get_object_or_404(visible_runs(request.user), id=run_id)
    try:
        now = reporting.take(request.user, run, reporting.Report(token, offset, request.body))
    except reporting.NotTaken as refusal:
        raise _conflict(refusal) from None
    return Taken(offset=now.event_offset, state=now.state)


def _conflict(refusal: reporting.NotTaken) -> Refused:
    problems = [] if refusal.offset is None else [_where_to_go_on(refusal)]
    return Refused(HTTPStatus.CONFLICT, str(refusal), problems)


def _where_to_go_on(refusal: reporting.NotTaken) -> Problem:
    return Problem(field="offset", value=refusal.offset, message=str(refusal))
