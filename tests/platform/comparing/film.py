"""Pictures and videos whose pixels are known."""

from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from PIL import Image

from runs.models import Run, Sample
from tests.platform.lab import add_sample

Color = tuple[int, int, int]


def add_picture(run: Run, iteration: int, image: Image.Image, index: int = 0, **values) -> Sample:
    """A fixed sample with this image as its file."""
    path = f"samples/step-{iteration:06d}/{index:03d}.png"
    image.save(_file(run, path))
    return add_sample(run, iteration, index=index, path=path, **values)


def add_video(
    run: Run,
    iteration: int,
    colors: Sequence[Color] = ((250, 0, 0), (0, 250, 0), (0, 0, 250)),
    durations: Sequence[int] | None = None,
    size: tuple[int, int] = (32, 24),
    index: int = 0,
    **values,
) -> Sample:
    """A fixed sample, a video with a frame of each colour, without loss."""
    path = f"samples/step-{iteration:06d}/{index:03d}.webp"
    first, *others = [Image.new("RGB", size, color) for color in colors]
    durations = list(durations or [100] * len(colors))
    first.save(_file(run, path), save_all=True, append_images=others, duration=durations, loop=0, lossless=True)
    return add_sample(run, iteration, index=index, path=path, **values)


def _file(run: Run, path: str) -> Path:
    file = Path(settings.MEDIA_ROOT) / run.folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    return file
