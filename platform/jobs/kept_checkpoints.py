"""Copies of the checkpoints that an evaluation is of, from its first attempt to its end: their run's engine may delete
its own whenever it likes, and a next attempt still finds what it needs.
"""

import logging
import shutil
from uuid import UUID

from django.core.files.storage import default_storage

from core.storage import FilesAway
from jobs.models import Job
from runs import stored_files
from runs.models import Checkpoint

logger = logging.getLogger(__name__)


def keep(job: Job, checkpoint: Checkpoint) -> str:
    """The copy's folder in the storage, made where it is not there. Raises FileNotFoundError where the checkpoint's
    files are gone and no attempt before has kept them; and FilesAway.
    """
    kept = f"{_home(job.id)}/{checkpoint.id}"
    if default_storage.is_folder and _is_there(kept):
        return kept
    try:
        # In a bucket files come one after the other, and an attempt may have died between two of them.
        default_storage.copy_folder(stored_files.name_of(checkpoint), kept)
    except FileNotFoundError:
        if not _is_there(kept):
            raise
    return kept


def forget(job_id: UUID) -> None:
    """The job has ended. What cannot be deleted now costs its place, and nothing else."""
    try:
        if default_storage.is_folder:
            shutil.rmtree(default_storage.path(_home(job_id)), ignore_errors=True)
        else:
            default_storage.delete_folder(_home(job_id))
    except FilesAway as away:
        logger.warning("Job %s: its copies of checkpoints could not be deleted (%s).", job_id, away)


def _home(job_id: UUID) -> str:
    return f"jobs/{job_id}/checkpoints"


def _is_there(folder: str) -> bool:
    try:
        return bool(default_storage.walk(folder))
    except FileNotFoundError:
        return False
