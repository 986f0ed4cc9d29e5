"""A run's files on their way from this machine into the bucket; where all machines see one folder, none are carried.

What an event tells of is in the bucket before the tables hold the event, so no row ever points at a file that is not
there. With each checkpoint goes the event stream up to it, so that another machine can take the run up from there.
"""

import gzip
import logging
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from django.core.files.storage import default_storage

from core.storage import FilesAway
from flowdppo_engine import events
from flowdppo_engine.training.checkpoints import START_FOLDER
from runs import stored_files
from runs.ingest import Batch
from runs.models import Attempt, Checkpoint

NUM_THREADS = 8
STREAM_SUFFIX = ".events.gz"
# What events tell of, and what came from the bucket; everything else in a run folder is sent when an attempt ends.
TOLD_OF = ("checkpoints", "samples", START_FOLDER)

logger = logging.getLogger(__name__)


class FileSending:
    """Sends what a run's attempts make on this machine. Raises FilesAway where the bucket does not answer: the same
    call may be made again.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._sender = ThreadPoolExecutor(1, thread_name_prefix="files")
        self._sending: Future | None = None
        self._doomed: set[str] = set()

    def is_home(self, attempt: Attempt, batch: Batch, wait: bool) -> bool:
        """Whether every file that these events tell of is in the bucket. The first call begins to send them; unless
        it is to `wait` for the last of them, the answer comes at once.
        """
        if default_storage.is_folder or not any(isinstance(event, TELLS_OF_FILES) for event in batch.events):
            return True
        if self._sending is None:
            self._sending = self._sender.submit(self._send, stored_files.home_of(attempt), batch)
        if not wait and not self._sending.done():
            return False
        sending, self._sending = self._sending, None
        sending.result()
        return True

    def drop_removed(self, attempt: Attempt, batch: Batch) -> None:
        """Delete what the engine has deleted, once the tables say so; what cannot be deleted now, later."""
        removed = {path for event in batch.events for path in getattr(event, "removed", ())}
        if default_storage.is_folder or not removed | self._doomed:
            return
        rows = Checkpoint.objects.filter(run=attempt.run_id, path__in=removed, removed=True).select_related("attempt")
        self._doomed |= {stored_files.name_of(row) for row in rows}
        try:
            for name in sorted(self._doomed):
                default_storage.delete_folder(name)
                default_storage.delete(name + STREAM_SUFFIX)
                self._doomed.remove(name)
        except FilesAway as error:
            logger.warning("Checkpoints of run %s stay in the bucket for now: %s", attempt.run_id, error)

    def send_rest(self, attempt: Attempt) -> None:
        """What no event tells of: the configuration, what the engine printed, the event stream, logs of trackers."""
        if not default_storage.is_folder:
            inside = (path.relative_to(self._folder) for path in self._folder.rglob("*"))
            rest = [str(path) for path in inside if path.parts[0] not in TOLD_OF]
            self._put_all(stored_files.home_of(attempt), rest)

    def close(self) -> None:
        self._sender.shutdown(wait=False, cancel_futures=True)

    def _send(self, home: str, batch: Batch) -> None:
        for event in batch.events:
            match event:
                case events.Samples():
                    self._put_all(home, [sample.path for sample in event.samples])
                case events.Checkpoint():
                    self._put_all(home, list(self._paths_in(event.path)))
                    self._put_stream(f"{home}/{event.path}{STREAM_SUFFIX}", batch.end)

    def _paths_in(self, folder: str) -> Iterator[str]:
        for path in (self._folder / folder).rglob("*"):
            yield str(path.relative_to(self._folder))

    def _put_all(self, home: str, paths: list[str]) -> None:
        with ThreadPoolExecutor(NUM_THREADS) as pool:
            for _ in pool.map(lambda path: self._put(home, path), paths):
                pass

    def _put(self, home: str, path: str) -> None:
        """A file that lies outside the run's folder is not sent; nor is one that the engine has deleted by now."""
        source = (self._folder / path).resolve()
        if not source.is_relative_to(self._folder.resolve()):
            logger.warning("%s is not in the run's folder, and is not kept.", path)
        elif source.is_file():
            try:
                default_storage.put(stored_files.inside(home, path), source)
            except FileNotFoundError:
                logger.info("%s was deleted before it was sent.", path)

    def _put_stream(self, name: str, end: int) -> None:
        with tempfile.NamedTemporaryFile(suffix=".gz") as packed:
            with gzip.open(packed, "wb") as out, (self._folder / events.EVENTS_FILE).open("rb") as stream:
                shutil.copyfileobj(_Head(stream, end), out)
            packed.flush()
            default_storage.put(name, Path(packed.name))


TELLS_OF_FILES = (events.Samples, events.Checkpoint)


class _Head:
    """The first bytes of a file."""

    def __init__(self, file, num_bytes: int):
        self._file, self._left = file, num_bytes

    def read(self, num_bytes: int) -> bytes:
        block = self._file.read(min(num_bytes, self._left))
        self._left -= len(block)
        return block
