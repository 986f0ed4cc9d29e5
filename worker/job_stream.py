"""A job's event stream on its way home: pictures first, then the events that tell of them."""

from pathlib import Path

from django.core.files.storage import default_storage

from flowdppo_engine.events import Event, Failed, Finished, Samples
from jobs import ingest
from jobs.lifecycle import Lease
from jobs.models import Job
from worker import event_tail


class JobStream:
    """Of one attempt, whose folder here is `folder`. `last_word`: its `finished` or `failed`, once that is stored."""

    def __init__(self, lease: Lease, job: Job, folder: Path):
        self._lease = lease
        self._job = job
        self._folder = folder
        self._offset = 0
        self.last_word: Event | None = None

    def store_next(self) -> bool:
        """Bring the next events home; returns whether there were any. Raises LeaseLost and FilesAway."""
        batch = event_tail.read_batch(self._folder, self._offset)
        if batch is None:
            return False
        if not default_storage.is_folder:
            for event in batch.events:
                for sample in event.samples if isinstance(event, Samples) else ():
                    default_storage.put(f"{self._job.attempt_folder}/{sample.path}", self._folder / sample.path)
        ingest.store(self._lease, batch)
        self._offset = batch.end
        last_words = [event for event in batch.events if isinstance(event, Finished | Failed)]
        self.last_word = last_words[-1] if last_words else self.last_word
        return True
