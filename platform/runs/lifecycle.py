"""The life of a run: the only writer of `Run.state`.

    queued → running → finished | failed | cancelled | stopped
       ↑________|  the attempt was lost, put down, or failed in a way that may not come back
       ↑________________|  somebody resumed what was stopped, cancelled or failed, or gave what was finished more work

A worker holds a running run by a lease. Its token fences: every write of the worker applies only while the row still
carries it, and a write that finds another token (or none) changes nothing and raises LeaseLost. Times are the
database's, so the clocks of the nodes do not matter.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from core import leases
from fleet.models import Node
from runs import nudges
from runs.deaths import Death, why_no_further_attempt
from runs.models import Attempt, AttemptOutcome, LogLine, Run, RunState
from runs.signals import run_ended

LEASE = timedelta(seconds=60)
RESUMABLE = (RunState.STOPPED, RunState.CANCELLED, RunState.FAILED)


class LeaseLost(Exception):
    """The run is no longer this worker's: nothing was written, and its engine must end."""


@dataclass(frozen=True)
class Lease:
    """A worker's hold on a run, and on `gpus`, slots of its node."""

    run_id: uuid.UUID
    attempt_id: int
    attempt_number: int
    token: uuid.UUID
    gpus: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"Run {self.run_id}"


@dataclass(frozen=True)
class Wishes:
    """What people want of a running run: its end now, or after the next checkpoint."""

    cancel: bool
    stop: bool


def enqueue(run: Run) -> None:
    """Put a freshly made run into the queue; the nudge goes out when the transaction commits."""
    run.state = RunState.QUEUED
    run.save(update_fields=["state"])
    _nudge_on_commit(run.id)


@transaction.atomic
def request_cancel(run: Run, reason: str = "") -> bool:
    """A queued run is cancelled at once; of a running one the worker is told, which looks every second.

    Returns whether that changed anything. `reason` is a sentence for the log: who or what asked.
    """
    queued = Run.objects.filter(id=run.id, state=RunState.QUEUED)
    if queued.update(state=RunState.CANCELLED, cancel_requested_at=Now(), ended_at=Now()):
        run_ended.send(Run, run_id=run.id, state=RunState.CANCELLED)
        _say(run.id, None, "info", f"Cancelled before it {_started(run)}. {reason}")
        return True
    running = Run.objects.filter(id=run.id, state=RunState.RUNNING, cancel_requested_at=None)
    if running.update(cancel_requested_at=Now()):
        _say(run.id, None, "info", f"Cancel requested. {reason}")
        return True
    return False


@transaction.atomic
def request_stop(run: Run, reason: str) -> bool:
    """Put the run down in order: a queued one at once, a running one after the checkpoint of its current iteration.

    Returns whether that changed anything: a run that has ended, that was asked before or that is trained elsewhere
    stays as it is. `reason` is a sentence for the log and the run's page: who or what asked, and why.
    """
    queued = Run.objects.filter(id=run.id, state=RunState.QUEUED, is_reported=False)
    asked = {"stop_requested_at": Now(), "stop_reason": reason}
    if queued.update(state=RunState.STOPPED, ended_at=Now(), **asked):
        run_ended.send(Run, run_id=run.id, state=RunState.STOPPED)
        _say(run.id, None, "info", f"Stopped before it {_started(run)}. {reason}")
        return True
    running = Run.objects.filter(
        id=run.id, state=RunState.RUNNING, is_reported=False, cancel_requested_at=None, stop_requested_at=None
    )
    if running.update(**asked):
        _say(run.id, None, "info", f"To be stopped after its next checkpoint. {reason}")
        return True
    return False


@transaction.atomic
def resume(run: Run, reason: str) -> bool:
    """Queue a run again that was stopped, cancelled or failed; it goes on after its last checkpoint, if it has one.

    How its attempts ended until now is not held against it any more. Returns whether that changed anything.
    """
    return _wake(run, RESUMABLE, f"Resumed. {reason}")


@transaction.atomic
def extend(run: Run, config: dict, reason: str) -> bool:
    """Queue a finished run again, with `config`, whose `iterations` are more than before; nothing else may differ."""
    total = config["iterations"]
    words = f"Continued to {total} iterations. {reason}"
    return _wake(run, [RunState.FINISHED], words, config=config, total_iterations=total)


@transaction.atomic
def release(run_id: uuid.UUID, words: str) -> None:
    """A queued run that awaited the try of its first step takes its place in the queue."""
    if _untried(run_id).update(awaits_preflight=False):
        _say(run_id, None, "info", words)
        _nudge_on_commit(run_id)


@transaction.atomic
def fail_untried(run_id: uuid.UUID, error: str, hint: str) -> None:
    """The try of a queued run's first step failed, and so would the run."""
    if _untried(run_id).update(awaits_preflight=False):
        _close(run_id, RunState.FAILED, error=error, hint=hint)
        _say(run_id, None, "error", error)


@transaction.atomic
def claim(
    run_id: uuid.UUID, worker: str, is_reported: bool = False, node: Node | None = None, gpus: Collection[int] = ()
) -> Lease | None:
    """Take a queued run: exactly one caller gets it, every other one gets None. Workers leave reported runs alone.

    `gpus` are the slots of `node` that the attempt holds (`fleet.slots`); which run a node is to take is decided by
    `fleet.scheduling`.
    """
    token = uuid.uuid4()
    queued = Run.objects.filter(id=run_id, state=RunState.QUEUED, is_reported=is_reported, awaits_preflight=False)
    if not queued.update(
        state=RunState.RUNNING,
        num_attempts=F("num_attempts") + 1,
        lease_token=token,
        lease_expires_at=Now() + Value(LEASE),
        started_at=Coalesce("started_at", Now()),
    ):
        return None
    number = Run.objects.values_list("num_attempts", flat=True).get(id=run_id)
    attempt = Attempt.objects.create(run_id=run_id, number=number, worker=worker, node=node, gpus=list(gpus))
    place = f"{worker}, {node.describe_slots(gpus)}" if node else worker
    _say(run_id, attempt.id, "info", f"Attempt {number} starts on {place}.")
    return Lease(run_id, attempt.id, number, token, tuple(gpus))


def renew(lease: Lease) -> None:
    write_fenced(lease, lease_expires_at=Now() + Value(LEASE))


def cancel_is_requested(lease: Lease) -> bool:
    """Whether somebody asked for the end of this run. Raises LeaseLost as every other question about it."""
    return wishes(lease).cancel


def wishes(lease: Lease) -> Wishes:
    """What somebody asked of this run. Raises LeaseLost."""
    held = _held(lease).values_list("cancel_requested_at", "stop_requested_at").first()
    if held is None:
        raise LeaseLost(lease)
    return Wishes(*(moment is not None for moment in held))


@transaction.atomic
def record_engine(lease: Lease, pid: int, started_at: float) -> None:
    """Remember the engine's process before it does anything, so that a later life can find and end it."""
    write_fenced(lease)
    Attempt.objects.filter(id=lease.attempt_id).update(engine_pid=pid, engine_started_at=started_at)


def finish(lease: Lease) -> None:
    _end(lease, RunState.FINISHED, AttemptOutcome.FINISHED, "info", "Finished.")


def cancelled(lease: Lease) -> None:
    _end(lease, RunState.CANCELLED, AttemptOutcome.CANCELLED, "info", "Cancelled.")


def stopped(lease: Lease) -> None:
    _end(lease, RunState.STOPPED, AttemptOutcome.STOPPED, "info", "Stopped after a checkpoint, as it was asked to.")


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
    """Requeue the runs whose lease has run out; return how many."""
    held = Run.objects.select_for_update(skip_locked=True).filter(state=RunState.RUNNING)
    attempts = [run.attempts.get(number=run.num_attempts) for run in leases.run_out(held, LEASE)]
    for attempt in attempts:
        reason = f"{attempt.worker} has not renewed its lease for {LEASE.seconds} seconds."
        _leave_attempt(attempt.run_id, attempt.id, Death(AttemptOutcome.LOST, reason))
    return len(attempts)


def write_fenced(lease: Lease, **values) -> None:
    """Write to the run while the lease holds; the row stays locked to the end of the transaction."""
    if not _held(lease).update(**(values or {"lease_token": lease.token})):
        raise LeaseLost(lease)


def _untried(run_id: uuid.UUID):
    return Run.objects.filter(id=run_id, state=RunState.QUEUED, awaits_preflight=True)


def _held(lease: Lease):
    return Run.objects.filter(id=lease.run_id, lease_token=lease.token, state=RunState.RUNNING)


@transaction.atomic
def _end(lease: Lease, state: RunState, outcome: AttemptOutcome, level: str, message: str, **values) -> None:
    write_fenced(lease)
    _end_attempt(lease.attempt_id, outcome, error=values.get("error", ""))
    _close(lease.run_id, state, **values)
    _say(lease.run_id, lease.attempt_id, level, message)


def _leave_attempt(run_id: uuid.UUID, attempt_id: int, death: Death) -> None:
    """Give a running run back to the queue, or end it where that was asked for or it dies again and again."""
    _end_attempt(attempt_id, death.outcome, error=death.error, memory_ran_out_in=death.memory_ran_out_in)
    run = Run.objects.get(id=run_id)
    verdict = why_no_further_attempt(run)
    if run.cancel_requested_at:
        _close(run_id, RunState.CANCELLED)
        _say(run_id, attempt_id, "info", f"Cancelled. {death.reason}")
    elif run.stop_requested_at:
        _close(run_id, RunState.STOPPED)
        _say(run_id, attempt_id, "info", f"Stopped. {death.reason}")
    elif verdict:
        _close(run_id, RunState.FAILED, error=f"{verdict} {death.error}", hint=death.hint)
        _say(run_id, attempt_id, "error", f"{death.reason} {verdict}")
    else:
        Run.objects.filter(id=run_id).update(
            state=RunState.QUEUED, lease_token=None, lease_expires_at=None, seconds_left=None
        )
        _say(run_id, attempt_id, "warning", f"{death.reason} The run goes on in the next attempt.")
        _nudge_on_commit(run_id)


def _wake(run: Run, states: Collection[RunState], words: str, **values) -> bool:
    """Of several who wake a run at once exactly one does."""
    asleep = Run.objects.filter(id=run.id, state__in=states, is_reported=False)
    if not asleep.update(
        state=RunState.QUEUED,
        **{"cancel_requested_at": None, "stop_requested_at": None, "stop_reason": ""},
        **{"ended_at": None, "error": "", "hint": "", "awaits_preflight": False},
        **{"attempts_forgiven": F("num_attempts"), "settled_offset": F("event_offset")},
        **values,
    ):
        return False
    _say(run.id, None, "info", words)
    _nudge_on_commit(run.id)
    return True


def _end_attempt(attempt_id: int, outcome: AttemptOutcome, **values) -> None:
    Attempt.objects.filter(id=attempt_id).update(outcome=outcome, ended_at=Now(), **values)


def _close(run_id: uuid.UUID, state: RunState, **values) -> None:
    Run.objects.filter(id=run_id).update(
        state=state, ended_at=Now(), lease_token=None, lease_expires_at=None, seconds_left=None, **values
    )
    run_ended.send(Run, run_id=run_id, state=state)


def _started(run: Run) -> str:
    return "went on" if run.num_attempts else "started"


def _say(run_id: uuid.UUID, attempt_id: int | None, level: str, message: str) -> None:
    LogLine.objects.create(
        run_id=run_id, attempt_id=attempt_id, seq=0, time=timezone.now(), level=level, message=message.strip()
    )


def _nudge_on_commit(run_id: uuid.UUID) -> None:
    transaction.on_commit(partial(nudges.send, run_id), robust=True)
