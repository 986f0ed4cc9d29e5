"""A run's files on their way from the bucket to the machine that takes the run up."""

import gzip
import logging
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

from django.core.files.storage import default_storage
from django.db.models import Value
from django.db.models.functions import Least

from core.storage import StoredFile
from flowdppo_engine.events import EVENTS_FILE
from runs import lifecycle, stored_files
from runs.lifecycle import Lease
from runs.models import Attempt, Checkpoint, Run
from runs.selectors import STANDS
from worker import node
from worker.file_sending import NUM_THREADS, STREAM_SUFFIX

logger = logging.getLogger(__name__)


def take_up(lease: Lease, folder: Path) -> int:
    """Have `folder` hold what the run's next attempt goes on from; returns how far its event stream is stored.

    On the machine that had the run before, all of it is there. Any other one gets the checkpoints that still count and
    the event stream as it was at the last of them; without a checkpoint the run begins anew. Raises LeaseLost, or
    FilesAway.
    """
    run = Run.objects.get(id=lease.run_id)
    if default_storage.is_folder or _is_here(run, lease, folder):
        return run.event_offset
    staged = folder.with_name(f"{folder.name}.fetching")
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    checkpoints = [checkpoint for checkpoint in _standing(run) if _arrives(checkpoint, staged)]
    offset = _fetch_stream(checkpoints[-1], staged / EVENTS_FILE) if checkpoints else 0
    lifecycle.write_fenced(lease, event_offset=offset, settled_offset=Least("settled_offset", Value(offset)))
    shutil.rmtree(folder, ignore_errors=True)
    staged.rename(folder)
    logger.info("Run %s: fetched %d checkpoints to go on from.", run.id, len(checkpoints))
    return offset


def fetch_checkpoint(checkpoint: Checkpoint, target: Path) -> None:
    """Copy a checkpoint's files into the folder `target`, from wherever they are kept.

    Raises FileNotFoundError where they are gone, or FilesAway.
    """
    fetch_folder(stored_files.name_of(checkpoint), target)


def fetch_folder(name: str, target: Path) -> None:
    """The same of any folder in the storage."""
    files = default_storage.walk(name)
    with ThreadPoolExecutor(NUM_THREADS) as pool:
        for _ in pool.map(lambda file: _copy(file, target / file.name.removeprefix(f"{name}/")), files):
            pass


def leave(run_id: UUID, folder: Path) -> None:
    """Free this machine's disk of a run that has ended and whose files are all in the bucket."""
    if default_storage.is_folder:
        return
    run = Run.objects.get(id=run_id)
    if not run.is_live and _stream_bytes(folder) <= run.event_offset:
        shutil.rmtree(folder, ignore_errors=True)


def _is_here(run: Run, lease: Lease, folder: Path) -> bool:
    last = Attempt.objects.filter(run=run, number__lt=lease.attempt_number).last()
    if last is None:
        return True
    return last.worker == node.name() and _stream_bytes(folder) >= run.event_offset


def _stream_bytes(folder: Path) -> int:
    stream = folder / EVENTS_FILE
    return stream.stat().st_size if stream.exists() else 0


def _standing(run: Run) -> list[Checkpoint]:
    """The checkpoints that the engine would still have, oldest first."""
    rows = Checkpoint.objects.filter(STANDS, run=run, removed=False).select_related("attempt")
    return list(rows.order_by("iteration", "id"))


def _arrives(checkpoint: Checkpoint, folder: Path) -> bool:
    try:
        fetch_checkpoint(checkpoint, folder / checkpoint.path)
    except FileNotFoundError:
        logger.warning("Run %s: the files of %s are not in the bucket.", checkpoint.run_id, checkpoint.path)
        return False
    return True


def _fetch_stream(checkpoint: Checkpoint, target: Path) -> int:
    packed = default_storage.open_from(stored_files.name_of(checkpoint) + STREAM_SUFFIX)
    with gzip.open(packed) as stream, target.open("wb") as file:
        shutil.copyfileobj(stream, file)
    packed.close()
    return target.stat().st_size


def _copy(file: StoredFile, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if default_storage.is_folder:
        shutil.copyfile(default_storage.path(file.name), target)
    else:
        default_storage.fetch(file.name, target)
