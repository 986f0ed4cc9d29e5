"""Runs that are trained elsewhere: who runs the engine sends its events, and they are stored as a worker stores them.

The reporter holds the run by a lease, as a worker does; each batch of events renews it. A reporter that falls silent
loses the run after a minute, and may take it up again. Pictures and checkpoints stay where they were made.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from pydantic import ValidationError

from flowdppo_engine.config import RunConfig
from flowdppo_engine.events import Best, Checkpoint, Event, Failed, Finished, Samples
from runs import ingest, lifecycle
from runs.config_errors import ConfigInvalid
from runs.event_lines import parse_lines
from runs.ingest import Batch
from runs.lifecycle import Lease, LeaseLost
from runs.models import Attempt, Experiment, Run, RunState
from runs.services import require_writer
from teams import audit
from teams.models import User

NAMES_FILES = (Samples, Checkpoint, Best)


class NotTaken(Exception):
    """Nothing was stored; the message says why and what to do. `offset`: where the tables end, if that is why."""

    def __init__(self, message: str, offset: int | None = None):
        super().__init__(message)
        self.offset = offset


@dataclass(frozen=True)
class Report:
    """Whole lines of events.jsonl, from byte `start` on; `token` is the reporter's lease."""

    token: uuid.UUID
    start: int
    lines: bytes


def register(user: User, experiment: Experiment, name: str, config: Mapping) -> Run:
    """A run whose engine runs elsewhere. Its paths are of another machine, so only its values are checked.

    Raises PermissionDenied, or ConfigInvalid.
    """
    require_writer(user, experiment.team_id)
    try:
        checked = RunConfig.model_validate(config)
    except ValidationError as error:
        errors = {".".join(map(str, part["loc"])): [part["msg"]] for part in error.errors(include_url=False)}
        raise ConfigInvalid(errors) from error
    with transaction.atomic():
        run = Run.objects.create(
            experiment=experiment,
            name=name,
            config=checked.model_dump(mode="json"),
            total_iterations=checked.iterations,
            is_reported=True,
            created_by=user,
        )
        audit.record(user, experiment.team, "registered", f"run “{name}”", f"trained elsewhere, {run.id}")
    return run


def begin(user: User, run: Run, host: str) -> Lease:
    """Hold the run. Raises PermissionDenied, or NotTaken where it is not to be had."""
    require_writer(user, run.experiment.team_id)
    if not run.is_reported:
        raise NotTaken("A worker trains this run: register one of your own to report to.")
    lease = lifecycle.claim(run.id, host, is_reported=True)
    if lease is None:
        raise NotTaken(_why_it_is_not_to_be_had(Run.objects.get(id=run.id)))
    return lease


def take(user: User, run: Run, report: Report) -> Run:
    """Store a report and renew the lease; a run that is to be cancelled ends with it. Returns the run as it is then.

    Raises PermissionDenied, or NotTaken for lines that are not whole, for a lease that is over, and for a start that
    is not where the tables end: send from `offset` on, then.
    """
    require_writer(user, run.experiment.team_id)
    if report.lines and not report.lines.endswith(b"\n"):
        raise NotTaken("The last line has no end: send whole lines.")
    attempt = Attempt.objects.get(run=run, number=run.num_attempts) if run.num_attempts else None
    if attempt is None:
        raise NotTaken("Nobody holds this run yet: begin an attempt first.")
    lease = Lease(run.id, attempt.id, attempt.number, report.token)
    try:
        _store(lease, attempt, report)
    except LeaseLost:
        raise _not_taken(run, report) from None
    run.refresh_from_db()
    return run


@transaction.atomic
def _store(lease: Lease, attempt: Attempt, report: Report) -> None:
    events = parse_lines(report.lines) if report.lines else []
    kept = [event for event in events if not isinstance(event, NAMES_FILES)]
    ingest.store(lease, attempt, Batch(kept, report.start, report.start + len(report.lines)))
    _settle(lease, events)


def _settle(lease: Lease, events: list[Event]) -> None:
    """The end of the run or of the attempt where the stream has come to it; else another lease's time."""
    last = next((event for event in reversed(events) if isinstance(event, Finished | Failed)), None)
    if isinstance(last, Finished) and not last.stopped:
        lifecycle.finish(lease)
    elif lifecycle.cancel_is_requested(lease):
        lifecycle.cancelled(lease)
    elif isinstance(last, Failed):
        lifecycle.fail(lease, last.error, last.hint)
    elif isinstance(last, Finished):
        lifecycle.hand_back(lease)
    else:
        lifecycle.renew(lease)


def _not_taken(run: Run, report: Report) -> NotTaken:
    now = Run.objects.get(id=run.id)
    if now.lease_token == report.token and now.state == RunState.RUNNING:
        message = f"The stream is stored up to byte {now.event_offset}: send what comes after it."
        return NotTaken(message, now.event_offset)
    return NotTaken(f"This attempt is over: the run is {now.state}. To go on, begin another attempt.")


def _why_it_is_not_to_be_had(run: Run) -> str:
    if run.state == RunState.RUNNING:
        host = run.attempts.get(number=run.num_attempts).worker
        return f"{host} reports this run: end it there, or wait a minute after its last report."
    return f"The run is {run.state}: register another one."
