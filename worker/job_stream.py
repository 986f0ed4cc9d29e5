"""A job's event stream on its way home: pictures first, then the events that tell of them."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from django.core.files.storage import default_storage

from flowdppo_engine.events import Drawn, Event, Failed, Finished, Samples
from jobs import ingest
from jobs.lifecycle import Lease
from jobs.models import Job
from worker import event_tail
from worker.file_sending import NUM_THREADS


class JobStream:
    """Of one attempt, whose folder here is `folder`. `last_word`: its `finished` or `failed`, once that is stored.

    The first `start` bytes are stored already.
    """

    def __init__(self, lease: Lease, job: Job, folder: Path, start: int = 0):
        self._lease = lease
        self._job = job
        self._folder = folder
        self._offset = start
        self.last_word: Event | None = None

    def store_next(self) -> bool:
        """Bring the next events home; returns whether there were any. Raises LeaseLost and FilesAway."""
        batch = event_tail.read_batch(self._folder, self._offset)
        if batch is None:
            return False
        if not default_storage.is_folder:
            with ThreadPoolExecutor(NUM_THREADS) as pool:
                for _ in pool.map(self._send, _pictures_in(batch.events)):
                    pass
        ingest.store(self._lease, batch)
        self._offset = batch.end
        last_words = [event for event in batch.events if isinstance(event, Finished | Failed)]
        self.last_word = last_words[-1] if last_words else self.last_word
        return True

    def _send(self, path: str) -> None:
        default_storage.put(f"{self._job.attempt_folder}/{path}", self._folder / path)


def _pictures_in(some: Sequence[Event]) -> Iterator[str]:
    for event in some:
        match event:
            case Samples():
                yield from (sample.path for sample in event.samples)
            case Drawn():
                yield from (drawing.path for drawing in event.drawings)
