"""Where the files of a run are kept, and how they are read: asked for by row, never by a path that came in.

In a folder that every machine sees, the engine writes them where they stay. In a bucket each attempt has a folder of
its own, so that an attempt which has lost its run and does not know it yet cannot write over what the next one made.
"""

from pathlib import Path, PurePosixPath
from uuid import UUID

from django.core.files.storage import default_storage

from core.storage import StoredFile
from runs.models import Checkpoint, Sample


class OutsideRunFolder(FileNotFoundError):
    """What an engine wrote into the database would lead out of its run's folder."""


def folder_of(run_id: UUID, attempt_number: int) -> str:
    """The folder in the storage of what this attempt has made."""
    return f"runs/{run_id}" if default_storage.is_folder else f"runs/{run_id}/attempt-{attempt_number}"


def name_of(row: Sample | Checkpoint) -> str:
    """The name in the storage of a sample's file or a checkpoint's folder. Raises OutsideRunFolder."""
    folder = folder_of(row.run_id, 0 if default_storage.is_folder else row.attempt.number)
    return inside(folder, row.path)


def inside(folder: str, path: str) -> str:
    """`path` in `folder`. Raises OutsideRunFolder where it leads out of it, by its parts or by a link."""
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or not parts.parts:
        raise OutsideRunFolder(path)
    name = f"{folder}/{parts}"
    if default_storage.is_folder:
        top = Path(default_storage.path(folder)).resolve()
        if not Path(default_storage.path(name)).resolve().is_relative_to(top):
            raise OutsideRunFolder(path)
    return name


def list_checkpoint(checkpoint: Checkpoint) -> list[StoredFile]:
    """Every file of it. Raises FileNotFoundError where they are gone, or FilesAway."""
    return default_storage.walk(name_of(checkpoint))
