"""Images and videos as files that every browser shows in an `<img>`.

An image is a PNG, without loss. A video is an animated WebP: it plays wherever a picture is shown, loops by itself and
comes from the imaging library that is there already. MP4 would be a third of the size, and would need a player beside
every picture and a packaged FFmpeg with its codecs' licences.
"""

from pathlib import Path

import torch
from PIL import Image

FRAMES_PER_SECOND = 16  # Wan's
VIDEO_QUALITY = 80
# libwebp's effort, of 0 to 6: two seconds for 81 frames of 832x480, and within a tenth of the smallest file.
VIDEO_EFFORT = 2


def save_picture(picture: torch.Tensor, path: Path) -> Path:
    """Write an image `[3, H, W]` or a video `[F, 3, H, W]` (0..1). Returns `path` with the suffix that it got.

    Frames in a row that are the same are one in the file, shown for longer.
    """
    if picture.ndim == 3:
        path = path.with_suffix(".png")
        _to_image(picture).save(path)
        return path
    path = path.with_suffix(".webp")
    first, *others = (_to_image(frame) for frame in picture)
    first.save(
        path,
        save_all=True,
        append_images=others,
        duration=_milliseconds(len(picture)),
        loop=0,
        quality=VIDEO_QUALITY,
        method=VIDEO_EFFORT,
    )
    return path


def _to_image(image: torch.Tensor) -> Image.Image:
    pixels = image.mul(255).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).contiguous()
    return Image.fromarray(pixels.numpy())


def _milliseconds(num_frames: int) -> list[int]:
    """How long each frame is shown: whole milliseconds whose rounding does not add up."""
    ends = [round(1000 * frame / FRAMES_PER_SECOND) for frame in range(num_frames + 1)]
    return [end - start for start, end in zip(ends, ends[1:], strict=False)]
