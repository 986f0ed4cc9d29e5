"""A backup of the whole installation while it runs: first the database as it is at one moment, then the files.

So every row of the backup has its files, but for checkpoints that the engines deleted meanwhile; those say so.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage

from core.storage import StoredFile
from flowdppo_engine import __version__
from stack import backup_folder, postgres_tools
from stack.backup_folder import Manifest
from stack.errors import StackError

NUM_THREADS = 8
# Made anew when they are asked for; and what a machine is just fetching.
NOT_KEPT = ("thumbnails/",)
HALF_FETCHED = ".fetching/"

Told = Callable[[int, int], None]
"""Is told how many files and how many bytes have been copied."""


def make_backup(target: Path, say: Callable[[str], None], told: Told) -> Manifest:
    """Raises StackError where `target` is there already, or something cannot be read; nothing is left behind then."""
    if target.exists():
        raise StackError(f"{target} is there already: give a new name, so that no backup is overwritten.")
    staged = target.with_name(f"{target.name}.partial")
    shutil.rmtree(staged, ignore_errors=True)
    try:
        staged.mkdir(mode=0o700, parents=True)
        manifest = _fill(staged, say, told)
        staged.rename(target)
        return manifest
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise


def _fill(folder: Path, say: Callable[[str], None], told: Told) -> Manifest:
    say("Dumping the database.")
    migrations = backup_folder.applied_migrations()
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    postgres_tools.dump(folder / backup_folder.DATABASE)
    _write_secret(folder / backup_folder.SECRET_KEY)
    if settings.PROMPTS_DIR.is_dir():
        shutil.copytree(settings.PROMPTS_DIR, folder / backup_folder.PROMPTS)
    say("Copying the files.")
    num_files, num_bytes = _copy_files(folder / backup_folder.FILES, told)
    kept_in = "folder" if default_storage.is_folder else "bucket"
    manifest = Manifest(made_at, __version__, kept_in, num_files, num_bytes, migrations)
    manifest.write(folder)
    return manifest


def _write_secret(path: Path) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(settings.SECRET_KEY)


def _copy_files(folder: Path, told: Told) -> tuple[int, int]:
    folder.mkdir()
    num_files = num_bytes = 0
    with ThreadPoolExecutor(NUM_THREADS) as pool:
        for copied in pool.map(lambda file: _copy(file, folder), files_to_keep()):
            num_files, num_bytes = num_files + (copied is not None), num_bytes + (copied or 0)
            told(num_files, num_bytes)
    return num_files, num_bytes


def files_to_keep() -> Iterator[StoredFile]:
    try:
        files = default_storage.walk("")
    except FileNotFoundError:
        return
    for file in files:
        if not file.name.startswith(NOT_KEPT) and HALF_FETCHED not in file.name:
            yield file


def _copy(file: StoredFile, folder: Path) -> int | None:
    """Its size; None where an engine has deleted it since it was listed."""
    target = folder / file.name
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with closing(file.open()) as source, target.open("wb") as copy:
            shutil.copyfileobj(source, copy, 1 << 20)
            return copy.tell()
    except FileNotFoundError:
        return None
