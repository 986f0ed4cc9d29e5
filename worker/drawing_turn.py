"""Sees one turn of a sheet through: asks the drawing process, brings pictures home, says how it went."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.core.cache import cache
from django.core.files.storage import default_storage

from flowdppo_engine.playground.messages import Cancel, Cancelled, Done, Picture, Refused, Reply, Step
from playground import lifecycle
from playground.lifecycle import TURN, Lease, LeaseLost
from playground.models import Sheet
from playground.progress import note_step
from worker.drawing_process import DrawingProcess, ProcessEnded
from worker.drawing_request import CannotBeDrawn, request_for
from worker.lease_keeper import LeaseKeeper
from worker.patience import Patience, T

HEAR_EVERY = 0.2
SILENT_FOR = 900.0
"""Seconds without a word after which a process hangs; loading a large model from the hub takes minutes."""
CANCEL_WITHIN = 20.0
Word = Callable[[], None]

logger = logging.getLogger(__name__)


class Turn:
    """One turn under `lease`."""

    def __init__(self, lease: Lease, process: DrawingProcess, shutting_down: threading.Event):
        self._lease = lease
        # What is still said of an earlier turn is not of this one.
        self._name = str(lease.token)
        self._process = process
        self._shutting_down = shutting_down
        self._patience = Patience(str(lease))
        self._heard_at = time.monotonic()
        self._cancelled_at: float | None = None

    def see_through(self) -> None:
        """Raises LeaseLost, or DatabaseAway where the sheet could not be given back by us; its lease runs out then."""
        with LeaseKeeper(self._lease, on_lost=self._process.end, life=lifecycle) as keeper:
            word = self._work(keeper)
        # The lease ends with it: whoever still kept that would take it for lost, and end a process that others need.
        self._insist(word)

    def _work(self, keeper: LeaseKeeper) -> Word:
        """What is to be written down in the end."""
        try:
            sheet = self._insist(lambda: Sheet.objects.get(id=self._lease.sheet_id))
            folder = Path(settings.MEDIA_ROOT) / sheet.turn_folder
            places = self._insist(lambda: lifecycle.places_left(sheet))[:TURN]
            self._process.ask(self._insist(lambda: request_for(sheet, places, folder, self._name)))
            while True:
                self._watch(keeper)
                reply = self._process.hear(HEAR_EVERY)
                word = self._take(reply, sheet) if reply else None
                if word:
                    return word
        except CannotBeDrawn as error:
            return self._fail(str(error), error.hint)
        except ProcessEnded as error:
            if keeper.lost.is_set():
                raise LeaseLost(self._lease) from error
            return self._ended(str(error))

    def _ended(self, reason: str) -> Word:
        if self._process.was_given_up:
            return lambda: lifecycle.hand_back(self._lease)
        return lambda: lifecycle.lose(self._lease, reason)

    def _fail(self, error: str, hint: str) -> Word:
        return lambda: lifecycle.fail(self._lease, error, hint)

    def _watch(self, keeper: LeaseKeeper) -> None:
        """A process that does not hear is ended; what it says then is the end of it."""
        now = time.monotonic()
        if keeper.cancel_requested.is_set() and self._cancelled_at is None:
            self._cancelled_at = now
            self._process.ask(Cancel(id=self._name))
        late = self._cancelled_at is not None and now - self._cancelled_at > CANCEL_WITHIN
        if late or now - self._heard_at > SILENT_FOR:
            logger.warning("%s: the drawing process does not answer, and is ended.", self._lease)
            self._process.end()

    def _take(self, reply: Reply, sheet: Sheet) -> Word | None:
        self._heard_at = time.monotonic()
        if getattr(reply, "id", None) != self._name:
            return None
        match reply:
            case Step(index=place, step=step, num_steps=num_steps):
                note_step(cache, sheet.id, place, step, num_steps)
            case Picture(index=place, path=path):
                self._insist(lambda: self._bring_home(sheet, place, path))
            case Done() | Cancelled():
                return lambda: lifecycle.end_turn(self._lease)
            case Refused(error=error, hint=hint):
                return self._fail(error, hint)
        return None

    def _bring_home(self, sheet: Sheet, place: int, path: Path) -> None:
        name = f"{sheet.turn_folder}/{path.name}"
        if not default_storage.is_folder:
            default_storage.put(name, path)
            path.unlink(missing_ok=True)
        lifecycle.store(self._lease, place, name)

    def _insist(self, action: Callable[[], T]) -> T:
        return self._patience.insist(action, give_up=self._shutting_down)
