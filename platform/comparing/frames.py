"""The frames of a video, an animated WebP, so that a page can show frame 7 of two videos at once.

Several frames in a row stand in one sheet, from top to bottom: a video of five seconds is then ten requests, not
eighty. Sheets are made together, once, and this machine keeps those made last.
"""

import io
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from django.core.files.storage import storages
from PIL import Image, ImageSequence, UnidentifiedImageError

from pictures.refs import Ref
from runs.media import Picture

SHEET_FRAMES = 8
# A sheet of eight then stays below the 16383 pixels that WebP can have on a side.
LONGEST_SIDE = 640
MOST_FRAMES = 600
QUALITY = 95
# libwebp's effort, of 0 to 6: speed counts, somebody waits.
EFFORT = 1
KEPT_BYTES = 2_000_000_000
STILL_MILLISECONDS = 100
# Who was making sheets for so long has died over it.
STALE_SECONDS = 3600

FOLDER = "thumbnails/frames"
ABOUT = "frames.json"

Read = Callable[[], Picture]


@dataclass(frozen=True)
class Frames:
    """`durations` in milliseconds, one a frame; the size is that of a frame in a sheet, in pixels."""

    width: int
    height: int
    durations: list[int]
    per_sheet: int = SHEET_FRAMES

    @property
    def num_sheets(self) -> int:
        return -(-len(self.durations) // self.per_sheet)


def read_frames(ref: Ref, read: Read) -> Frames:
    """What there is. Raises FileNotFoundError, or ValueError for a video that is too long."""
    about = _folder(ref) / ABOUT
    try:
        text = about.read_text()
    except FileNotFoundError:
        _make(ref, read())
        text = about.read_text()
    # Those that were looked at last are kept longest; the file system's own clock is too coarse to tell.
    now = time.time_ns()
    os.utime(about.parent, ns=(now, now))
    return Frames(**json.loads(text))


def read_sheet(ref: Ref, number: int, read: Read) -> Picture:
    """The sheet of this number, from 0. Raises FileNotFoundError where there is none, or ValueError."""
    frames = read_frames(ref, read)
    if number >= frames.num_sheets:
        raise FileNotFoundError(f"{ref} has {frames.num_sheets} sheets.")
    return Picture((_folder(ref) / f"{number}.webp").read_bytes(), "image/webp")


def _folder(ref: Ref) -> Path:
    return _root() / str(ref)


def _root() -> Path:
    return Path(storages["local"].path(FOLDER))


def _make(ref: Ref, picture: Picture) -> None:
    """All of it appears at once: who asks meanwhile makes it too, and the first one stays."""
    root = _root()
    root.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(dir=root, prefix="."))
    try:
        try:
            with Image.open(io.BytesIO(picture.content)) as video:
                frames = _write_sheets(ref, video, staged)
        except UnidentifiedImageError as error:
            raise FileNotFoundError(f"The file of {ref} is no picture.") from error
        (staged / ABOUT).write_text(json.dumps(asdict(frames)))
        _drop_oldest(root, KEPT_BYTES)
        try:
            staged.rename(_folder(ref))
        except OSError:
            if not (_folder(ref) / ABOUT).exists():
                raise
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _write_sheets(ref: Ref, video: Image.Image, folder: Path) -> Frames:
    num_frames = getattr(video, "n_frames", 1)
    if num_frames > MOST_FRAMES:
        raise ValueError(f"{ref} has {num_frames} frames: at most {MOST_FRAMES} can be compared.")
    durations: list[int] = []
    size = (0, 0)
    for number, some in enumerate(_in_sheets(video)):
        size = some[0][0].size
        sheet = Image.new("RGB", (size[0], size[1] * len(some)))
        for place, (frame, duration) in enumerate(some):
            sheet.paste(frame, (0, place * size[1]))
            durations.append(duration)
        sheet.save(folder / f"{number}.webp", quality=QUALITY, method=EFFORT)
    return Frames(*size, durations)


def _in_sheets(video: Image.Image) -> Iterator[Sequence[tuple[Image.Image, int]]]:
    some = []
    for frame in ImageSequence.Iterator(video):
        image = frame.convert("RGB")
        # Known only once the frame has been read.
        duration = int(frame.info.get("duration") or STILL_MILLISECONDS)
        image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
        some.append((image, duration))
        if len(some) == SHEET_FRAMES:
            yield some
            some = []
    if some:
        yield some


def _drop_oldest(root: Path, most_bytes: int) -> None:
    """Have at most so many bytes of sheets, of those that were looked at last."""
    long_ago = time.time() - STALE_SECONDS
    # Another process may be taking the same ones away.
    with suppress(FileNotFoundError):
        for folder in root.glob(".*"):
            if folder.stat().st_mtime < long_ago:
                shutil.rmtree(folder, ignore_errors=True)
        folders = [(folder.stat().st_mtime, folder) for folder in root.iterdir() if not folder.name.startswith(".")]
        total = 0
        for _, folder in sorted(folders, reverse=True):
            total += sum(file.stat().st_size for file in folder.iterdir())
            if total > most_bytes:
                shutil.rmtree(folder, ignore_errors=True)
