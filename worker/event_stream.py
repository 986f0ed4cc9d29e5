"""A run's event stream on its way home: what is stored, and what its last word was."""

import time
from pathlib import Path

from core import event_lag
from flowdppo_engine.events import Event, Failed, Finished
from runs import ingest
from runs.ingest import Batch
from runs.lifecycle import Lease
from runs.models import Attempt
from worker import event_tail, file_fetching
from worker.file_sending import FileSending

NOTE_LAG_EVERY = 5.0


class EventStream:
    """Raises FilesAway where the files that events tell of cannot be brought home first; ask again later."""

    def __init__(self, lease: Lease, folder: Path, offset: int):
        self._lease = lease
        self._folder = folder
        self._offset = offset
        self._files = FileSending(folder)
        self._pending: Batch | None = None
        self._note_lag_at = 0.0
        self.last_word: Event | None = None

    def take_up(self) -> None:
        """Have this machine hold what earlier attempts left, wherever they ran. Raises LeaseLost."""
        self._offset = file_fetching.take_up(self._lease, self._folder)

    def store_next(self, attempt: Attempt, wait: bool = True) -> bool:
        """Bring the next events of `attempt` home; returns whether there were any. Raises LeaseLost.

        Unless it is to `wait`, events whose files are still on their way are left for a later call.
        """
        batch = self._pending = self._pending or event_tail.read_batch(self._folder, self._offset)
        if batch is None or not self._files.is_home(attempt, batch, wait):
            return False
        ingest.store(self._lease, attempt, batch)
        self._offset, self._pending = batch.end, None
        self._files.drop_removed(attempt, batch)
        self._note_lag(batch)
        last_words = [event for event in batch.events if isinstance(event, Finished | Failed)]
        self.last_word = last_words[-1] if last_words else self.last_word
        return True

    def _note_lag(self, batch: Batch) -> None:
        if time.monotonic() >= self._note_lag_at:
            event_lag.note(self._lease.run_id, max(0.0, time.time() - batch.events[-1].time))
            self._note_lag_at = time.monotonic() + NOTE_LAG_EVERY

    def begin_attempt(self) -> None:
        """What an earlier attempt said last is not this one's word."""
        self.last_word = None

    def end_attempt(self, attempt: Attempt) -> None:
        """Bring home what no event tells of, once the engine has ended."""
        self._files.send_rest(attempt)

    def leave(self) -> None:
        """The run is brought to a verdict; what this machine need not keep of it goes."""
        self._files.close()
        file_fetching.leave(self._lease.run_id, self._folder)
