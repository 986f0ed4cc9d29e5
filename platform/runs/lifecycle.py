"""The life of a run: the only writer of `Run.state`.

    queued → running → finished | failed | cancelled
       ↑________|  the attempt was lost, stopped, or failed in a way that may not come back

A worker holds a running run by a lease. Its token fences: every write of the worker applies only while the row still
carries it, and a write that finds another token (or none) changes nothing and raises LeaseLost. Times are the
database's, so the clocks of the nodes do not matter.
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.db.models import DateTimeField, F, Func, Max, Value
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from runs import nudges
from runs.models import Attempt, AttemptOutcome, LogLine, MetricPoint, Run, RunState

LEASE = timedelta(seconds=60)
MAX_DEATHS = 5
MAX_DEATHS_AT_ONE_ITERATION = 3
DEATHS = (AttemptOutcome.LOST, AttemptOutcome.FAILED)


class LeaseLost(Exception):
    """The run is no longer this worker's: nothing was written, and its engine must end."""


@dataclass(frozen=True)
class Lease:
    """A worker's hold on a run."""

    run_id: uuid.UUID
    attempt_id: int
    attempt_number: int
    token: uuid.UUID


@dataclass(frozen=True)
class Death:
    """How an attempt ended: `reason` in a sentence for the log, `detail` (the engine's last words) for the attempt."""

    outcome: AttemptOutcome
    reason: str
    detail: str = ""
    hint: str = "Read the end of the log, then submit the run again with what you changed."


def enqueue(run: Run) -> None:
    """Put a freshly made run into the queue; the nudge goes out when the transaction commits."""
    run.state = RunState.QUEUED
    run.save(update_fields=["state"])
    _nudge_on_commit(run.id)


@transaction.atomic
def request_cancel(run: Run) -> None:
    """A queued run is cancelled at once; of a running one the worker is told, which looks every second."""
    queued = Run.objects.filter(id=run.id, state=RunState.QUEUED)
    if queued.update(state=RunState.CANCELLED, cancel_requested_at=Now(), ended_at=Now()):
        _say(run.id, None, "info", "Cancelled before it started.")
        return
    running = Run.objects.filter(id=run.id, state=RunState.RUNNING, cancel_requested_at=None)
    if running.update(cancel_requested_at=Now()):
        _say(run.id, None, "info", "Cancel requested.")


@transaction.atomic
def claim(run_id: uuid.UUID, worker: str, is_reported: bool = False) -> Lease | None:
    """Take a queued run: exactly one caller gets it, every other one gets None. Workers leave reported runs alone."""
    token = uuid.uuid4()
    queued = Run.objects.filter(id=run_id, state=RunState.QUEUED, is_reported=is_reported)
    if not queued.update(
        state=RunState.RUNNING,
        num_attempts=F("num_attempts") + 1,
        lease_token=token,
        lease_expires_at=Now() + Value(LEASE),
        started_at=Coalesce("started_at", Now()),
    ):
        return None
    number = Run.objects.values_list("num_attempts", flat=True).get(id=run_id)
    attempt = Attempt.objects.create(run_id=run_id, number=number, worker=worker)
    _say(run_id, attempt.id, "info", f"Attempt {number} starts on {worker}.")
    return Lease(run_id, attempt.id, number, token)


def renew(lease: Lease) -> None:
    write_fenced(lease, lease_expires_at=Now() + Value(LEASE))


def cancel_is_requested(lease: Lease) -> bool:
    """Whether somebody asked for the end of this run. Raises LeaseLost as every other question about it."""
    held = _held(lease).values_list("cancel_requested_at").first()
    if held is None:
        raise LeaseLost(lease)
    return held[0] is not None


@transaction.atomic
def record_engine(lease: Lease, pid: int, started_at: float) -> None:
    """Remember the engine's process before it does anything, so that a later life can find and end it."""
    write_fenced(lease)
    Attempt.objects.filter(id=lease.attempt_id).update(engine_pid=pid, engine_started_at=started_at)


def finish(lease: Lease) -> None:
    _end(lease, RunState.FINISHED, AttemptOutcome.FINISHED, "info", "Finished.")


def cancelled(lease: Lease) -> None:
    _end(lease, RunState.CANCELLED, AttemptOutcome.CANCELLED, "info", "Cancelled.")


def fail(lease: Lease, error: str, hint: str) -> None:
    _end(lease, RunState.FAILED, AttemptOutcome.FAILED, "error", error, error=error, hint=hint)


@transaction.atomic
def hand_back(lease: Lease) -> None:
    """The worker goes away in order: the run waits for the next one, and nothing is held against it."""
    write_fenced(lease)
    _leave_attempt(lease.run_id, lease.attempt_id, Death(AttemptOutcome.STOPPED, "The worker was shut down."))


@transaction.atomic
def requeue(lease: Lease, death: Death) -> None:
    """The attempt died: the run waits for another one, unless it has died too often."""
    write_fenced(lease)
    _leave_attempt(lease.run_id, lease.attempt_id, death)


@transaction.atomic
def abandon(attempt: Attempt, reason: str) -> None:
    """Requeue the run of an attempt whose worker is known to be gone, without waiting for its lease."""
    held = Run.objects.select_for_update().filter(
        id=attempt.run_id, state=RunState.RUNNING, num_attempts=attempt.number
    )
    if held.first():
        _leave_attempt(attempt.run_id, attempt.id, Death(AttemptOutcome.LOST, reason))


@transaction.atomic
def reap() -> int:
    """Requeue the runs whose lease has run out; return how many.

    While the database was down nobody could renew, so after its start every worker gets the time of a lease.
    """
    expired = (
        Run.objects.select_for_update(skip_locked=True)
        .alias(database_started_at=Func(function="pg_postmaster_start_time", output_field=DateTimeField()))
        .filter(state=RunState.RUNNING, lease_expires_at__lt=Now(), database_started_at__lt=Now() - Value(LEASE))
    )
    attempts = [run.attempts.get(number=run.num_attempts) for run in expired]
    for attempt in attempts:
        reason = f"{attempt.worker} has not renewed its lease for {LEASE.seconds} seconds."
        _leave_attempt(attempt.run_id, attempt.id, Death(AttemptOutcome.LOST, reason))
    return len(attempts)


def write_fenced(lease: Lease, **values) -> None:
    """Write to the run while the lease holds; the row stays locked to the end of the transaction."""
    if not _held(lease).update(**(values or {"lease_token": lease.token})):
        raise LeaseLost(lease)


def _held(lease: Lease):
    return Run.objects.filter(id=lease.run_id, lease_token=lease.token, state=RunState.RUNNING)


@transaction.atomic
def _end(lease: Lease, state: RunState, outcome: AttemptOutcome, level: str, message: str, **values) -> None:
    write_fenced(lease)
    _end_attempt(lease.attempt_id, outcome, values.get("error", ""))
    _close(lease.run_id, state, **values)
    _say(lease.run_id, lease.attempt_id, level, message)


def _leave_attempt(run_id: uuid.UUID, attempt_id: int, death: Death) -> None:
    """Give a running run back to the queue, or end it where it was to be cancelled or dies again and again."""
    error = f"{death.reason}\n\n{death.detail}".strip()
    _end_attempt(attempt_id, death.outcome, error)
    run = Run.objects.get(id=run_id)
    verdict = _too_many_deaths(run)
    if run.cancel_requested_at:
        _close(run_id, RunState.CANCELLED)
        _say(run_id, attempt_id, "info", f"Cancelled. {death.reason}")
    elif verdict:
        _close(run_id, RunState.FAILED, error=f"{verdict} {error}", hint=death.hint)
        _say(run_id, attempt_id, "error", f"{death.reason} {verdict}")
    else:
        Run.objects.filter(id=run_id).update(
            state=RunState.QUEUED, lease_token=None, lease_expires_at=None, seconds_left=None
        )
        _say(run_id, attempt_id, "warning", f"{death.reason} The run goes on in the next attempt.")
        _nudge_on_commit(run_id)


def _too_many_deaths(run: Run) -> str:
    """Why no further attempt is worth it, in words; empty where one is."""
    attempts = list(run.attempts.order_by("-number"))
    deaths = [attempt for attempt in attempts if attempt.outcome in DEATHS]
    if not attempts or attempts[0].outcome not in DEATHS:
        return ""
    last = attempts[:MAX_DEATHS_AT_ONE_ITERATION]
    if len(last) == MAX_DEATHS_AT_ONE_ITERATION and all(attempt.outcome in DEATHS for attempt in last):
        reached = {_reached(attempt) for attempt in last}
        if len(reached) == 1:
            return f"It died {len(last)} times in a row after iteration {reached.pop()}."
    if len(deaths) >= MAX_DEATHS:
        return f"{len(deaths)} attempts have died."
    return ""


def _reached(attempt: Attempt) -> int:
    last = MetricPoint.objects.filter(run_id=attempt.run_id, attempt=attempt).aggregate(last=Max("iteration"))["last"]
    return last if last is not None else attempt.resumed_from or 0


def _end_attempt(attempt_id: int, outcome: AttemptOutcome, error: str) -> None:
    Attempt.objects.filter(id=attempt_id).update(outcome=outcome, error=error, ended_at=Now())


def _close(run_id: uuid.UUID, state: RunState, **values) -> None:
    Run.objects.filter(id=run_id).update(
        state=state, ended_at=Now(), lease_token=None, lease_expires_at=None, seconds_left=None, **values
    )


def _say(run_id: uuid.UUID, attempt_id: int | None, level: str, message: str) -> None:
    LogLine.objects.create(
        run_id=run_id, attempt_id=attempt_id, seq=0, time=timezone.now(), level=level, message=message
    )


def _nudge_on_commit(run_id: uuid.UUID) -> None:
    transaction.on_commit(partial(nudges.send, run_id), robust=True)
