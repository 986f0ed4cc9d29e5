"""Where the files of a run are kept, and how they are read: asked for by row, never by a path that came in.

In a folder that every machine sees, the engine writes them where they stay. In a bucket each attempt has a folder of
its own, so that an attempt which has lost its run and does not know it yet cannot write over what the next one made.
"""

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from uuid import UUID

from django.core.files.storage import default_storage

from runs.models import Attempt, Checkpoint, Sample


class OutsideRunFolder(FileNotFoundError):
    """What an engine wrote into the database would lead out of its run's folder."""


def home_of(attempt: Attempt) -> str:
    """The folder in the storage of what this attempt has made."""
    return _home(attempt.run_id, lambda: attempt.number)


def name_of(row: Sample | Checkpoint) -> str:
    """The name in the storage of a sample's file or a checkpoint's folder. Raises OutsideRunFolder."""
    return inside(_home(row.run_id, lambda: row.attempt.number), row.path)


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


def _home(run_id: UUID, number: Callable[[], int]) -> str:
    """The number of the attempt is asked for where it matters alone: it may stand in another table."""
    return f"runs/{run_id}" if default_storage.is_folder else f"runs/{run_id}/attempt-{number()}"
