"""A run's event stream on its way home: what is stored, and what its last word was."""

from pathlib import Path

from flowdppo_engine.events import Event, Failed, Finished
from runs import ingest
from runs.lifecycle import Lease
from runs.models import Attempt
from worker import event_tail


class EventStream:
    def __init__(self, lease: Lease, folder: Path, offset: int):
        self._lease = lease
        self._folder = folder
        self._offset = offset
        self.last_word: Event | None = None

    def store_next(self, attempt: Attempt) -> bool:
        """Bring the next events of `attempt` home; returns whether there were any. Raises LeaseLost."""
        batch = event_tail.read_batch(self._folder, self._offset)
        if batch is None:
            return False
        ingest.store(self._lease, attempt, batch)
        self._offset = batch.end
        last_words = [event for event in batch.events if isinstance(event, Finished | Failed)]
        self.last_word = last_words[-1] if last_words else self.last_word
        return True

    def begin_attempt(self) -> None:
        """What an earlier attempt said last is not this one's word."""
        self.last_word = None
