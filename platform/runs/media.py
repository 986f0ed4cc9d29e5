"""Pictures of runs: which ones there are at an iteration, and their bytes, by id and never by path."""

import io
from dataclasses import dataclass
from pathlib import PurePosixPath
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import QuerySet
from PIL import Image

from runs.models import Sample
from runs.selectors import STANDS, visible_runs
from teams.models import User

CONTENT_TYPES = {".png": "image/png", ".webp": "image/webp", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
SMALL_SIDE = 128
THUMBNAIL_SIDE = 320
THUMBNAIL_BYTES = 25_000
QUALITIES = (82, 70, 55, 40, 25, 10)


@dataclass(frozen=True)
class Picture:
    content: bytes
    content_type: str


def visible_samples(user: User) -> QuerySet[Sample]:
    """The samples of the person's teams that no later attempt rolled back."""
    return Sample.objects.filter(STANDS, run__in=visible_runs(user)).select_related("run")


def samples_at(user: User, run_id: UUID, iteration: int) -> list[Sample]:
    return list(visible_samples(user).filter(run=run_id, iteration=iteration).order_by("index"))


def read_picture(sample: Sample) -> Picture:
    """The picture as the engine drew it. Raises FileNotFoundError where its file is gone or is no picture."""
    path = PurePosixPath(sample.run.folder) / sample.path
    if path.suffix.lower() not in CONTENT_TYPES:
        raise FileNotFoundError(f"{path} is no picture that a browser shows: write PNG, WebP or JPEG.")
    with default_storage.open(str(path)) as file:
        return Picture(file.read(), CONTENT_TYPES[path.suffix.lower()])


def read_thumbnail(sample: Sample) -> Picture:
    """A picture for a tile: a small one as it is, a larger one as a WebP of at most 25 kB, made once."""
    path = f"thumbnails/{sample.id}.webp"
    if default_storage.exists(path):
        with default_storage.open(path) as file:
            return Picture(file.read(), "image/webp")
    picture = read_picture(sample)
    with Image.open(io.BytesIO(picture.content)) as image:
        if max(image.size) <= SMALL_SIDE:
            return picture
        content = _shrink(image)
    _keep(path, content)
    return Picture(content, "image/webp")


def _shrink(image: Image.Image) -> bytes:
    image = image.convert("RGB")
    image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
    for quality in QUALITIES:
        buffer = io.BytesIO()
        image.save(buffer, "WEBP", quality=quality)
        if buffer.tell() <= THUMBNAIL_BYTES:
            break
    return buffer.getvalue()


def _keep(path: str, content: bytes) -> None:
    name = default_storage.save(path, ContentFile(content))
    if name != path:
        # Another request made it in the meantime, so that ours went under another name.
        default_storage.delete(name)
