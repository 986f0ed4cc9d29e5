"""The life of a job: the only writer of `Job.state`.

    queued → running → finished | failed | cancelled
       ↑________|  the attempt was lost, or its worker went away
       ↑_____________________________|  somebody has it go on (TAKEN_UP alone)

It is held by a lease as a run is (`runs.lifecycle`). What the engine says last is final, also where a run would be
tried again: somebody waits for the answer, and starts it again if they like.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from django.db import transaction
from django.db.models import Case, Count, F, JSONField, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, Now

from core import leases
from fleet.models import Node
from jobs import kept_checkpoints, outcomes
from jobs.models import TAKEN_UP, Job, JobState, Kind, Told
from runs.lifecycle import LEASE, LeaseLost, Wishes
from runs.models import RunState

MAX_LOST = 3
NUM_LOOKED_AT = 50
NOTHING_HELD = {"lease_token": None, "lease_expires_at": None, "seconds_left": None}
RESULT_AT_START = Case(
    When(kind__in=TAKEN_UP, then=F("result")), default=Value({}, JSONField()), output_field=JSONField()
)
PROGRESS = {"phase": "", "phase_done": 0, "phase_total": 0, "phase_unit": ""}


@dataclass(frozen=True)
class Lease:
    """A worker's hold on a job."""

    job_id: uuid.UUID
    token: uuid.UUID

    def __str__(self) -> str:
        return f"Job {self.job_id}"


@transaction.atomic
def request_cancel(job: Job) -> bool:
    """A queued job is cancelled at once; of a running one the worker is told. Returns whether that did anything."""
    waiting = Job.objects.select_for_update().filter(id=job.id, state=JobState.QUEUED).first()
    if waiting:
        _close(waiting, JobState.CANCELLED, cancel_requested_at=Now())
        return True
    running = Job.objects.filter(id=job.id, state=JobState.RUNNING, cancel_requested_at=None)
    return bool(running.update(cancel_requested_at=Now()))


def waiting_for(node: Node) -> Iterator[Job]:
    """Queued jobs that this node may take: first of teams that have the fewest running, then the oldest.

    One that needs a GPU waits for a node that has some, where there is any.
    """
    running = Count("team__jobs", filter=Q(team__jobs__state=JobState.RUNNING))
    queued = _wanted(Job.objects.filter(state=JobState.QUEUED)).annotate(running=running)
    if not node.has_gpus and Node.objects.filter(left_at=None).exclude(gpus=[]).exists():
        queued = queued.filter(needs_gpu=False)
    yield from queued.order_by("running", "created_at")[:NUM_LOOKED_AT]


def claim(job_id: uuid.UUID, worker: str) -> Lease | None:
    """Take a queued job: exactly one caller gets it, every other one gets None.

    It begins anew, or of the kinds in TAKEN_UP with what is told of it.
    """
    token = uuid.uuid4()
    claimed = Job.objects.filter(id=job_id, state=JobState.QUEUED).update(
        state=JobState.RUNNING,
        num_attempts=F("num_attempts") + 1,
        lease_token=token,
        lease_expires_at=Now() + Value(LEASE),
        started_at=Coalesce("started_at", Now()),
        **{"worker": worker, "engine_pid": None, "engine_started_at": None},
        **{"result": RESULT_AT_START, "event_offset": 0},
        **PROGRESS,
    )
    return Lease(job_id, token) if claimed else None


def renew(lease: Lease) -> None:
    write_fenced(lease, lease_expires_at=Now() + Value(LEASE))


def wishes(lease: Lease) -> Wishes:
    """Whether somebody asked for the end of this job, or nobody waits for it any more. Raises LeaseLost."""
    held = _held(lease)
    if not held.exists():
        raise LeaseLost(lease)
    return Wishes(cancel=not _wanted(held.filter(cancel_requested_at=None)).exists(), stop=False)


def go_on(job: Job) -> bool:
    """Have one that failed or was cancelled wait again, with what it has told; returns whether it could."""
    ended = Job.objects.filter(id=job.id, kind__in=TAKEN_UP, state__in=(JobState.FAILED, JobState.CANCELLED))
    said = {"error": "", "hint": "", "num_lost": 0, "ended_at": None, "cancel_requested_at": None}
    return bool(ended.update(state=JobState.QUEUED, **said))


def begin_at(lease: Lease, offset: int) -> None:
    """The event stream of this attempt begins with so many bytes that are stored already."""
    write_fenced(lease, event_offset=offset)


def record_engine(lease: Lease, pid: int, started_at: float) -> None:
    """Remember the engine's process before it does anything, so that a later life can find and end it."""
    write_fenced(lease, engine_pid=pid, engine_started_at=started_at)


def finish(lease: Lease) -> None:
    _end(lease, JobState.FINISHED)


def fail(lease: Lease, error: str, hint: str) -> None:
    _end(lease, JobState.FAILED, error=error, hint=hint)


def cancelled(lease: Lease) -> None:
    _end(lease, JobState.CANCELLED)


def hand_back(lease: Lease) -> None:
    """The worker goes away in order: the job waits for the next one."""
    write_fenced(lease, state=JobState.QUEUED, **NOTHING_HELD)


@transaction.atomic
def requeue(lease: Lease, reason: str) -> None:
    """The attempt died: the job waits for another one, unless it has died too often."""
    write_fenced(lease)
    _lose(Job.objects.get(id=lease.job_id), reason)


@transaction.atomic
def abandon(job: Job, reason: str) -> None:
    """Requeue a job whose worker is known to be gone, without waiting for its lease."""
    same = {"state": JobState.RUNNING, "num_attempts": job.num_attempts}
    held = Job.objects.select_for_update().filter(id=job.id, **same).first()
    if held:
        _lose(held, reason)


@transaction.atomic
def reap() -> int:
    """Requeue the jobs whose lease has run out, and drop those that nobody waits for any more; return how many."""
    locked = Job.objects.select_for_update(skip_locked=True, of=["self"])
    lost = list(leases.run_out(locked.filter(state=JobState.RUNNING), LEASE))
    for job in lost:
        _lose(job, f"{job.worker} has not renewed its lease for {LEASE.seconds} seconds.")
    for_runs = locked.filter(state=JobState.QUEUED, kind=Kind.PREFLIGHT, run__isnull=False)
    unwanted = list(for_runs.exclude(run__state=RunState.QUEUED, run__awaits_preflight=True))
    for job in unwanted:
        _close(job, JobState.CANCELLED)
    return len(lost) + len(unwanted)


def write_fenced(lease: Lease, **values) -> None:
    """Write to the job while the lease holds; the row stays locked to the end of the transaction."""
    if not _held(lease).update(**(values or {"lease_token": lease.token})):
        raise LeaseLost(lease)


def _held(lease: Lease) -> QuerySet[Job]:
    return Job.objects.filter(id=lease.job_id, lease_token=lease.token, state=JobState.RUNNING)


def _wanted(jobs: QuerySet[Job]) -> QuerySet[Job]:
    """Without those for a run that no longer waits for them."""
    waited_for = Q(run__state=RunState.QUEUED, run__awaits_preflight=True)
    return jobs.filter(~Q(kind=Kind.PREFLIGHT) | Q(run=None) | waited_for)


@transaction.atomic
def _end(lease: Lease, state: JobState, **values) -> None:
    write_fenced(lease)
    _close(Job.objects.get(id=lease.job_id), state, **values)


def _lose(job: Job, reason: str) -> None:
    num_lost = job.num_lost + 1
    if job.cancel_requested_at:
        _close(job, JobState.CANCELLED)
    elif num_lost >= MAX_LOST:
        hint = "The end of what it printed may tell why; start it again once that is mended."
        _close(job, JobState.FAILED, num_lost=num_lost, error=f"It died {num_lost} times. {reason}", hint=hint)
    else:
        Job.objects.filter(id=job.id).update(state=JobState.QUEUED, num_lost=num_lost, **NOTHING_HELD)


def _close(job: Job, state: JobState, **values) -> None:
    Job.objects.filter(id=job.id).update(state=state, ended_at=Now(), **NOTHING_HELD, **values)
    if state == JobState.FINISHED:
        Told.objects.filter(job=job).delete()
    if job.kind == Kind.EVALUATE:
        transaction.on_commit(partial(kept_checkpoints.forget, job.id), robust=True)
    outcomes.tell_run(job, state, values.get("error", ""), values.get("hint", ""))
