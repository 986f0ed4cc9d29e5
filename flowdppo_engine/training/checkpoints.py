"""Checkpoint folders: staged beside, listed with their hashes, renamed into place last, verified when read."""

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, ValidationError
from safetensors import SafetensorError

from flowdppo_engine.tenure import Tenure

CHECKPOINTS = "checkpoints"
# Another run's, that this one started from.
START_FOLDER = "start"
MANIFEST_FILE = "manifest.json"
STAGING_PREFIX = ".staging-"
NAME = re.compile(r"step-\d{6,}")


class DamagedCheckpoint(Exception):
    """A checkpoint folder is not what its manifest says."""


class ListedFile(BaseModel):
    sha256: str
    num_bytes: int


class Manifest(BaseModel):
    """Every file of a checkpoint but the manifest itself, by its path in the folder; others may lie beside them."""

    version: Literal[1] = 1
    files: dict[str, ListedFile] = Field(min_length=1)


@dataclass(frozen=True)
class Found:
    """The newest checkpoint that is whole, and what was wrong with newer ones."""

    folder: Path | None
    damaged: dict[Path, str]


def folder_name(step: int) -> str:
    """The folder of a checkpoint or of samples by its optimizer step; sorts by step."""
    return f"step-{step:06d}"


def write(folder: Path, fill: Callable[[Path], None]) -> None:
    """Let `fill` write into a staging folder beside, then make it the checkpoint `folder` at one stroke.

    Raises OSError, and leaves nothing behind, where the disk does not take it.
    """
    staging = folder.with_name(STAGING_PREFIX + folder.name)
    shutil.rmtree(staging, ignore_errors=True)
    try:
        staging.mkdir(parents=True)
        fill(staging)
        _write_manifest(staging)
        Tenure(folder.parents[1]).end_if_over()
        staging.rename(folder)
    except SafetensorError as error:
        shutil.rmtree(staging, ignore_errors=True)
        raise OSError(f"checkpoint {folder.name} could not be written: {error}") from error
    except BaseException:
        # What was staged may be what fills the disk, and the failure has yet to be told on the same disk.
        shutil.rmtree(staging, ignore_errors=True)
        raise
    _sync(folder.parent)


def num_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def find_latest_valid(run_folder: Path) -> Found:
    """The newest checkpoint that passes verification; damaged newer ones are named with what is wrong."""
    damaged = {}
    for folder in reversed(list_checkpoints(run_folder)):
        try:
            verify(folder)
        except DamagedCheckpoint as damage:
            damaged[folder] = str(damage)
        else:
            return Found(folder, damaged)
    return Found(None, damaged)


def list_checkpoints(run_folder: Path) -> list[Path]:
    """Checkpoint folders, oldest first, whole or not. What a person put beside them (`step-000040-old`) is none."""
    folders = [path for path in (run_folder / CHECKPOINTS).glob("step-*") if NAME.fullmatch(path.name)]
    return sorted(folders, key=lambda folder: int(folder.name[5:]))


def verify(folder: Path) -> None:
    """Raises DamagedCheckpoint unless each file of the manifest is there with its hash."""
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST_FILE).read_bytes())
    except OSError as error:
        raise DamagedCheckpoint(f"{MANIFEST_FILE} is missing or unreadable ({error.strerror})") from error
    except ValidationError as error:
        raise DamagedCheckpoint(f"{MANIFEST_FILE} is not whole ({error.errors()[0]['msg']})") from error
    for name, listed in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise DamagedCheckpoint(f"{name} is missing")
        if path.stat().st_size != listed.num_bytes or _sha256(path) != listed.sha256:
            raise DamagedCheckpoint(f"{name} has another content than when it was written")


def prune(run_folder: Path, keep_last: int, best: Collection[Path] = ()) -> None:
    """Delete all checkpoints but the last `keep_last` (1 or more) and the folders `best`."""
    Tenure(run_folder).end_if_over()
    for folder in list_checkpoints(run_folder)[:-keep_last]:
        if folder not in best:
            remove(folder)


def remove(folder: Path) -> None:
    """Delete a checkpoint; renamed first, so that a half-deleted one is never taken for a checkpoint."""
    doomed = folder.with_name(STAGING_PREFIX + folder.name)
    shutil.rmtree(doomed, ignore_errors=True)
    folder.rename(doomed)
    shutil.rmtree(doomed)


def remove_leftovers(run_folder: Path) -> None:
    """Delete the staging folders that a killed process left behind."""
    for staging in (run_folder / CHECKPOINTS).glob(STAGING_PREFIX + "*"):
        shutil.rmtree(staging)


def _write_manifest(folder: Path) -> None:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = {}
    for path in paths:
        name = path.relative_to(folder).as_posix()
        files[name] = ListedFile(sha256=_sha256(path), num_bytes=path.stat().st_size)
        _sync(path)
    manifest = folder / MANIFEST_FILE
    manifest.write_text(Manifest(files=files).model_dump_json(indent=2) + "\n", encoding="utf-8")
    _sync(manifest)
    _sync(folder)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    """Have the disk itself hold `path`, so that a node that loses power keeps what was announced."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
