"""Files that must last, behind Django's storage API: in a folder, or in an S3 bucket (`s3_storage.py`).

Names are relative, with slashes. Beyond Django's API both can list a folder with all that is in it, and open a file
from any byte on without taking it into memory or onto the disk first.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

from django.core.files.storage import FileSystemStorage


class FilesAway(Exception):
    """The storage does not answer, or refuses: nothing is known about the file."""


@dataclass(frozen=True)
class StoredFile:
    """`name` is relative to the root of the storage. `open` gives the file from its first byte."""

    name: str
    num_bytes: int
    modified: datetime
    open: Callable[[], BinaryIO]


class FolderFiles(FileSystemStorage):
    """MEDIA_ROOT, which every machine of the team sees: what an engine wrote is where it belongs."""

    is_folder = True

    def open_from(self, name: str, start: int = 0) -> BinaryIO:
        """Raises FileNotFoundError."""
        file = self.open(name)
        file.seek(start)
        return file

    def num_bytes(self, name: str) -> int:
        """Raises FileNotFoundError."""
        return Path(self.path(name)).stat().st_size

    def walk(self, folder: str) -> list[StoredFile]:
        """Every file in it, by name; "" is everything. Raises FileNotFoundError where there is no such folder."""
        top, root = Path(self.path(folder)), Path(self.location)
        if not top.is_dir():
            raise FileNotFoundError(folder)
        paths = sorted(path for path in top.rglob("*") if path.is_file())
        return [found for path in paths if (found := self._describe(path.relative_to(root).as_posix(), path))]

    def copy_folder(self, source: str, target: str) -> None:
        """Have what is in `source` in the new folder `target` too; all of it or nothing.

        Files are linked where the disk can, so they must be ones that nobody writes to any more. Raises
        FileNotFoundError, or FilesAway.
        """
        top, staging = Path(self.path(target)), Path(self.path(f"{target}.new"))
        shutil.rmtree(staging, ignore_errors=True)
        try:
            shutil.copytree(self.path(source), staging, copy_function=_link_or_copy)
            staging.rename(top)
        except shutil.Error as error:
            if not Path(self.path(source)).is_dir():
                raise FileNotFoundError(source) from error
            raise FilesAway(f"copying failed: {error.args[0][0][-1]}") from error
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def probe(self) -> None:
        """Raises FilesAway where nothing can be written."""
        folder = Path(self.location)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FilesAway(f"the folder cannot be made: {error.strerror}") from error
        if not os.access(folder, os.W_OK | os.X_OK):
            raise FilesAway("the folder cannot be written to")

    def _describe(self, name: str, path: Path) -> StoredFile | None:
        """None for a file that is deleted while the folder is being read."""
        try:
            known = path.stat()
        except FileNotFoundError:
            return None
        modified = datetime.fromtimestamp(known.st_mtime, UTC)
        return StoredFile(name, known.st_size, modified, partial(self.open_from, name))


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copy2(source, target)
