"""The life of a push: the only writer of `Push.state`.

    waiting → sending → sent | failed
       ↑_________|  the Hub did not answer, or whoever sent it died
       |→ failed    somebody called it back

It is held by a lease as a run is (`runs.lifecycle`). What was done twice is there once: the Hub makes no second commit
of files that it has.
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Now

from core import leases
from exporting.models import Push, PushState
from runs.lifecycle import LEASE, LeaseLost, Wishes

# After a try that may do better later the next one waits so long; after the last one it has failed.
WAITS = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 300, 900))
MAX_TRIES = len(WAITS) + 1
NOTHING_HELD = {"lease_token": None, "lease_expires_at": None}
DIED = f"Whoever sent it died {MAX_TRIES} times. The log of housekeeping may tell why; push it once more after that."


@dataclass(frozen=True)
class Lease:
    """Somebody's hold on a push."""

    push_id: uuid.UUID
    token: uuid.UUID

    def __str__(self) -> str:
        return f"Push {self.push_id}"


@transaction.atomic
def claim() -> Lease | None:
    """Take the push that has waited longest, or one whose holder is gone; exactly one caller gets it."""
    locked = Push.objects.select_for_update(skip_locked=True)
    lost = leases.run_out(locked.filter(state=PushState.SENDING), LEASE)
    for push in lost.filter(num_tries__gte=MAX_TRIES):
        _close(Push.objects.filter(id=push.id), error=DIED)
    due = locked.filter(state=PushState.WAITING, due_at__lte=Now())
    push = due.order_by("due_at").first() or lost.filter(num_tries__lt=MAX_TRIES).order_by("due_at").first()
    if push is None:
        return None
    lease = Lease(push.id, uuid.uuid4())
    Push.objects.filter(id=push.id).update(
        state=PushState.SENDING,
        num_tries=F("num_tries") + 1,
        num_bytes=None,
        lease_token=lease.token,
        lease_expires_at=Now() + Value(LEASE),
    )
    return lease


def call_back(push: Push, who: str) -> bool:
    """End one that waits; returns whether it did. What is being sent may be there by now."""
    return bool(_close(Push.objects.filter(id=push.id, state=PushState.WAITING), error=f"Called back by {who}."))


def renew(lease: Lease) -> None:
    _write(lease, lease_expires_at=Now() + Value(LEASE))


def wishes(lease: Lease) -> Wishes:
    """Nobody asks for the end of a push. Raises LeaseLost."""
    if not _held(lease).exists():
        raise LeaseLost(lease)
    return Wishes(cancel=False, stop=False)


def note_size(lease: Lease, num_bytes: int) -> None:
    """The files are made, and go out."""
    _write(lease, num_bytes=num_bytes)


def sent(lease: Lease, commit: str) -> None:
    _close_held(lease, state=PushState.SENT, commit=commit, error="")


def fail(lease: Lease, error: str) -> None:
    _close_held(lease, error=error)


@transaction.atomic
def put_off(lease: Lease, error: str) -> None:
    """It may do better later; after the last try it has failed."""
    push = _held(lease).select_for_update().first()
    if push is None:
        raise LeaseLost(lease)
    if push.num_tries >= MAX_TRIES:
        return fail(lease, f"{error} It was tried {push.num_tries} times: push it once more later.")
    wait = WAITS[push.num_tries - 1]
    _write(lease, state=PushState.WAITING, due_at=Now() + Value(wait), error=_fitting(error), **NOTHING_HELD)


def _close(pushes: QuerySet[Push], state: PushState = PushState.FAILED, *, error: str, **values) -> int:
    """The token is kept no longer than the push lives."""
    values |= {"state": state, "token": "", "ended_at": Now(), "error": _fitting(error), **NOTHING_HELD}
    return pushes.update(**values)


def _close_held(lease: Lease, **values) -> None:
    if not _close(_held(lease), **values):
        raise LeaseLost(lease)


def _write(lease: Lease, **values) -> None:
    if not _held(lease).update(**values):
        raise LeaseLost(lease)


def _held(lease: Lease) -> QuerySet[Push]:
    return Push.objects.filter(lease_token=lease.token, id=lease.push_id, state=PushState.SENDING)


def _fitting(error: str) -> str:
    return error[: Push._meta.get_field("error").max_length]
