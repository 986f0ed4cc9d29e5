"""A zip file made while it is sent: nothing is staged on disk, and memory holds a block at a time."""

import zipfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import BinaryIO

from asgiref.sync import sync_to_async

BLOCK = 1 << 20


class FolderZip:
    """The files of a folder, opened at once, so that deleting the folder meanwhile does not tear the download.

    Raises FileNotFoundError where the folder is gone already.
    """

    def __init__(self, folder: Path):
        if not folder.is_dir():
            raise FileNotFoundError(folder)
        self._open = ExitStack()
        with ExitStack() as opening:
            self._files: dict[str, tuple[zipfile.ZipInfo, BinaryIO]] = {}
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                name = f"{folder.name}/{path.relative_to(folder).as_posix()}"
                self._files[name] = zipfile.ZipInfo.from_file(path, name), opening.enter_context(path.open("rb"))
            self._open = opening.pop_all()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with self._open:
            blocks = self._blocks()
            # Reading blocks, so it happens in a thread: the event loop serves everyone else meanwhile.
            while block := await sync_to_async(next, thread_sensitive=False)(blocks, b""):
                yield block

    def _blocks(self) -> Iterator[bytes]:
        outlet = _Outlet()
        # Weights do not compress; stored, they cost no time.
        with zipfile.ZipFile(outlet, "w", zipfile.ZIP_STORED) as archive:
            for info, file in self._files.values():
                with archive.open(info, "w", force_zip64=True) as entry:
                    for block in iter(partial(file.read, BLOCK), b""):
                        entry.write(block)
                        yield outlet.take()
        yield outlet.take()


class _Outlet:
    """Where the zip is written to: keeps what was not taken yet."""

    def __init__(self):
        self._pending = bytearray()

    def write(self, data: bytes) -> int:
        self._pending += data
        return len(data)

    def flush(self) -> None:
        pass

    def take(self) -> bytes:
        taken = bytes(self._pending)
        self._pending.clear()
        return taken
