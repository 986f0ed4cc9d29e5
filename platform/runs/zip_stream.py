"""A zip file made while it is sent: nothing is staged on disk, and memory holds a block at a time."""

import zipfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import PurePosixPath
from typing import BinaryIO

from asgiref.sync import sync_to_async

from core.storage import StoredFile

BLOCK = 1 << 20


class FolderZip:
    """These files of `folder` as one archive; `folder`'s own name is the first part of each name in it.

    With `at_once` all are opened before the first byte goes out, so that deleting the folder meanwhile does not tear
    the download. Raises FileNotFoundError where it is gone already, or empty.
    """

    def __init__(self, folder: str, files: Sequence[StoredFile], at_once: bool):
        if not files:
            raise FileNotFoundError(folder)
        above = f"{PurePosixPath(folder).parent}/"
        self._open = ExitStack()
        with ExitStack() as opening:
            self._files = [
                (_describe(file, above), _opened(opening.enter_context(file.open())) if at_once else file.open)
                for file in files
            ]
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
            for info, opened in self._files:
                with archive.open(info, "w", force_zip64=True) as entry, closing(opened()) as file:
                    for block in iter(partial(file.read, BLOCK), b""):
                        entry.write(block)
                        yield outlet.take()
        yield outlet.take()


def _describe(file: StoredFile, above: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(file.name.removeprefix(above), file.modified.timetuple()[:6])
    info.file_size = file.num_bytes
    info.external_attr = 0o644 << 16
    return info


def _opened(file: BinaryIO) -> Callable[[], BinaryIO]:
    return lambda: file


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
