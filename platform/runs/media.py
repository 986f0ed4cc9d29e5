"""Pictures of runs: which ones there are at an iteration, and their bytes, by id and never by path."""

import io
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import PurePosixPath
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage, storages
from django.db.models import QuerySet
from PIL import Image

from runs import stored_files
from runs.models import Sample, SampleKind
from runs.selectors import STANDS, visible_runs
from teams.models import User

CONTENT_TYPES = {".png": "image/png", ".webp": "image/webp", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
SMALL_SIDE = 128
THUMBNAIL_SIDE = 320
THUMBNAIL_BYTES = 25_000
QUALITIES = (82, 70, 55, 40, 25, 10)
# libwebp's effort, of 0 to 6: half the time of its default for a twentieth more bytes, and somebody waits for it.
EFFORT = 2


@dataclass(frozen=True)
class Picture:
    content: bytes
    content_type: str


def visible_samples(user: User) -> QuerySet[Sample]:
    """The samples of the person's teams that no later attempt rolled back."""
    return Sample.objects.filter(STANDS, run__in=visible_runs(user)).select_related("run", "attempt")


def fixed_samples(user: User) -> QuerySet[Sample]:
    """Those of the same prompts and seeds each time, which can be compared over iterations and runs."""
    return visible_samples(user).filter(kind=SampleKind.FIXED)


def samples_at(user: User, run_id: UUID, iteration: int) -> list[Sample]:
    return list(fixed_samples(user).filter(run=run_id, iteration=iteration).order_by("index"))


def read_picture(sample: Sample) -> Picture:
    """The picture as the engine drew it. Raises FileNotFoundError where its file is gone or is no picture."""
    return read_stored(stored_files.name_of(sample))


def read_stored(name: str) -> Picture:
    """A picture by its name in the storage, which never is one that came in. Raises FileNotFoundError."""
    content_type = CONTENT_TYPES.get(PurePosixPath(name).suffix.lower())
    if content_type is None:
        raise FileNotFoundError(f"{name} is no picture that a browser shows: write PNG, WebP or JPEG.")
    with closing(default_storage.open_from(name)) as file:
        return Picture(file.read(), content_type)


def read_thumbnail(sample: Sample) -> Picture:
    """A picture for a tile: a small image as it is, a larger one as a WebP of at most 25 kB, made once.

    Of a video it is the first frame: a wall of tiles stands still.
    """
    return read_small(f"thumbnails/{sample.id}.webp", lambda: read_picture(sample))


def read_small(path: str, read: Callable[[], Picture]) -> Picture:
    """What `read` gives, fit for a tile; it is kept as `path` where it had to be made smaller.

    Raises FileNotFoundError where that is no picture.
    """
    try:
        with storages["local"].open(path) as file:
            return Picture(file.read(), "image/webp")
    except FileNotFoundError:
        pass
    picture = read()
    try:
        with Image.open(io.BytesIO(picture.content)) as image:
            if max(image.size) <= SMALL_SIDE and not getattr(image, "is_animated", False):
                return picture
            content = _shrink(image)
    except OSError as error:
        raise FileNotFoundError(f"The file behind {path} cannot be read as a picture: {error}") from error
    _keep(path, content)
    return Picture(content, "image/webp")


def _shrink(image: Image.Image) -> bytes:
    image = image.convert("RGB")
    image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
    for quality in QUALITIES:
        buffer = io.BytesIO()
        image.save(buffer, "WEBP", quality=quality, method=EFFORT)
        if buffer.tell() <= THUMBNAIL_BYTES:
            break
    return buffer.getvalue()


def _keep(path: str, content: bytes) -> None:
    name = storages["local"].save(path, ContentFile(content))
    if name != path:
        # Another request made it in the meantime, so that ours went under another name.
        storages["local"].delete(name)
