"""The life of a sheet: the only writer of `Sheet.state`.

    waiting ⇄ drawing → done | failed | cancelled

It is drawn in turns of up to TURN pictures, each under a lease as a job's attempt is (`jobs.lifecycle`). Between turns
whoever was served longest ago comes first, so a large sheet holds nobody up for long. A turn that dies is tried again
once. Nodes are told of work by NOTIFY, which PostgreSQL brings to all of them as the transaction ends.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import F, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Now

from core import leases
from fleet.models import Node
from pictures.models import Drawing
from pictures.policies import parse_policy
from playground.models import Drawn, Sheet, SheetState
from runs.lifecycle import LEASE, LeaseLost, Wishes
from runs.models import Run

CHANNEL = "flowdppo_playground"
BE_READY = "be ready"
TURN = 4
MAX_LOST = 2
KEPT_FOR = timedelta(days=1)
NUM_LOOKED_AT = 20
HEAD_START = timedelta(milliseconds=250)
"""How long a node that would have to start a drawing process leaves a sheet to the others, which may have one."""
NOTHING_HELD = {"lease_token": None, "lease_expires_at": None}
NOT_MENDED = "The log of its node may tell why; fewer steps or another checkpoint may work."


@dataclass(frozen=True)
class Lease:
    """A worker's hold on a sheet, for one turn."""

    sheet_id: uuid.UUID
    token: uuid.UUID

    def __str__(self) -> str:
        return f"Sheet {self.sheet_id}"


def enqueue(sheet: Sheet) -> None:
    """Have a sheet that was just made drawn, or what of it is not there yet. Within a transaction."""
    missing = places_left(sheet)
    Sheet.objects.filter(id=sheet.id).update(
        state=SheetState.WAITING if missing else SheetState.DONE,
        waiting_since=Now(),
        ended_at=None if missing else Now(),
    )
    if missing:
        tell_nodes()


def tell_nodes(words: str = "") -> None:
    """To come and look, once this transaction is done; or with BE_READY that somebody is about to ask."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, words])


@transaction.atomic
def request_cancel(sheet: Sheet) -> bool:
    """One that waits is cancelled at once; of one at work the worker is told. Returns whether that did anything."""
    waiting = Sheet.objects.filter(id=sheet.id, state=SheetState.WAITING)
    if waiting.update(state=SheetState.CANCELLED, cancel_requested_at=Now(), ended_at=Now()):
        return True
    at_work = Sheet.objects.filter(id=sheet.id, state=SheetState.DRAWING, cancel_requested_at=None)
    return bool(at_work.update(cancel_requested_at=Now()))


def waiting_for(node: Node, is_warm: bool) -> Iterator[Sheet]:
    """Sheets that this node may draw: of whoever was served longest ago the oldest first.

    `is_warm`: whether it has a drawing process. One that needs a GPU waits for a node with some, if there is any.
    """
    last_served = Sheet.objects.filter(created_by=OuterRef("created_by"), served_at__isnull=False)
    waiting = Sheet.objects.filter(state=SheetState.WAITING).annotate(
        last_served=Subquery(last_served.order_by("-served_at").values("served_at")[:1])
    )
    others = Node.objects.filter(left_at=None).exclude(id=node.id)
    if not node.has_gpus and others.exclude(gpus=[]).exists():
        waiting = waiting.filter(needs_gpu=False)
    if not is_warm and others.exists():
        waiting = waiting.filter(waiting_since__lt=Now() - Value(HEAD_START))
    yield from waiting.order_by(F("last_served").asc(nulls_first=True), "created_at")[:NUM_LOOKED_AT]


def claim(sheet_id: uuid.UUID, worker: str) -> Lease | None:
    """Take a waiting sheet for a turn: exactly one caller gets it, every other one gets None."""
    token = uuid.uuid4()
    claimed = Sheet.objects.filter(id=sheet_id, state=SheetState.WAITING).update(
        state=SheetState.DRAWING,
        num_turns=F("num_turns") + 1,
        served_at=Now(),
        lease_token=token,
        lease_expires_at=Now() + Value(LEASE),
        worker=worker,
    )
    return Lease(sheet_id, token) if claimed else None


def places_left(sheet: Sheet) -> list[int]:
    """What is not drawn yet, in order."""
    drawn = set(Drawn.objects.filter(sheet=sheet).values_list("place", flat=True))
    return [place for place in range(sheet.num_places) if place not in drawn]


def renew(lease: Lease) -> None:
    write_fenced(lease, lease_expires_at=Now() + Value(LEASE))


def wishes(lease: Lease) -> Wishes:
    """Whether somebody wants no more of it. Raises LeaseLost."""
    held = _held(lease).values_list("cancel_requested_at", flat=True)
    if not held:
        raise LeaseLost(lease)
    return Wishes(cancel=held[0] is not None, stop=False)


@transaction.atomic
def store(lease: Lease, place: int, path: str) -> None:
    """A picture is there, in the storage as `path`. Raises LeaseLost."""
    write_fenced(lease)
    sheet = Sheet.objects.get(id=lease.sheet_id)
    row, column = divmod(place, len(sheet.policies))
    policy = parse_policy(sheet.policies[column])
    run = Run.objects.select_related("experiment").get(id=policy.run_id)
    drawing = Drawing.objects.create(
        team_id=run.experiment.team_id,
        run=run,
        checkpoint_id=sheet.checkpoints[column],
        iteration=policy.iteration,
        index=place,
        prompt=sheet.prompt,
        seed=sheet.seeds[row],
        num_steps=sheet.num_steps,
        guidance_scale=sheet.guidance_scale,
        path=path,
        created_by_id=sheet.created_by_id,
        expires_at=Now() + Value(KEPT_FOR),
    )
    Drawn.objects.create(sheet=sheet, drawing=drawing, place=place)


@transaction.atomic
def end_turn(lease: Lease) -> None:
    """The turn was drawn: the sheet is done, or takes its place in line again."""
    write_fenced(lease)
    sheet = Sheet.objects.get(id=lease.sheet_id)
    if sheet.cancel_requested_at:
        _close(sheet, SheetState.CANCELLED)
    elif places_left(sheet):
        _wait_again(sheet)
    else:
        _close(sheet, SheetState.DONE)


@transaction.atomic
def fail(lease: Lease, error: str, hint: str) -> None:
    write_fenced(lease)
    _close(Sheet.objects.get(id=lease.sheet_id), SheetState.FAILED, error=error, hint=hint)


@transaction.atomic
def hand_back(lease: Lease) -> None:
    """The worker goes away, or what it draws with is wanted elsewhere: the sheet waits for the next turn."""
    write_fenced(lease)
    _wait_again(Sheet.objects.get(id=lease.sheet_id))


@transaction.atomic
def lose(lease: Lease, reason: str) -> None:
    """The turn died: it is tried again, but not a second time."""
    write_fenced(lease)
    _lose(Sheet.objects.get(id=lease.sheet_id), reason)


@transaction.atomic
def abandon_all(worker: str, reason: str) -> None:
    """The same for all turns of a worker that is known to be gone."""
    for sheet in Sheet.objects.select_for_update().filter(worker=worker, state=SheetState.DRAWING):
        _lose(sheet, reason)


@transaction.atomic
def reap() -> int:
    """End the turns whose lease has run out; return how many."""
    locked = Sheet.objects.select_for_update(skip_locked=True, of=["self"])
    lost = list(leases.run_out(locked.filter(state=SheetState.DRAWING), LEASE))
    for sheet in lost:
        _lose(sheet, f"{sheet.worker} has not renewed its lease for {LEASE.seconds} seconds.")
    return len(lost)


def write_fenced(lease: Lease, **values) -> None:
    """Write to the sheet while the lease holds; the row stays locked to the end of the transaction."""
    if not _held(lease).update(**(values or {"lease_token": lease.token})):
        raise LeaseLost(lease)


def _held(lease: Lease) -> QuerySet[Sheet]:
    return Sheet.objects.filter(id=lease.sheet_id, lease_token=lease.token, state=SheetState.DRAWING)


def _lose(sheet: Sheet, reason: str) -> None:
    num_lost = sheet.num_lost + 1
    if sheet.cancel_requested_at:
        _close(sheet, SheetState.CANCELLED)
    elif num_lost >= MAX_LOST:
        error = f"The drawing process died {num_lost} times. {reason}"
        _close(sheet, SheetState.FAILED, num_lost=num_lost, error=error, hint=NOT_MENDED)
    else:
        _wait_again(sheet, num_lost=num_lost)


def _wait_again(sheet: Sheet, **values) -> None:
    """Unless it was cancelled meanwhile."""
    if sheet.cancel_requested_at:
        return _close(sheet, SheetState.CANCELLED)
    Sheet.objects.filter(id=sheet.id).update(state=SheetState.WAITING, waiting_since=Now(), **NOTHING_HELD, **values)
    tell_nodes()


def _close(sheet: Sheet, state: SheetState, **values) -> None:
    Sheet.objects.filter(id=sheet.id).update(state=state, ended_at=Now(), **NOTHING_HELD, **values)
