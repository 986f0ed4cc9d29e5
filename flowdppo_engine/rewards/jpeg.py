"""How well a picture compresses as JPEG: a reward for any model and any prompt, as in DDPO (arXiv 2305.13301)."""

import io
from collections.abc import Sequence

import torch
from PIL import Image

from flowdppo_engine.config import JpegCompressibility, JpegIncompressibility
from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.base import Measurement, Reward
from flowdppo_engine.rewards.pixels import to_pixels

QUALITY = 95
BYTES_PER_KILOBYTE = 1000


class JpegReward(Reward):
    """The size of the JPEG in kilobytes: with a minus sign for compressibility, as it is for incompressibility."""

    def __init__(self, config: JpegCompressibility | JpegIncompressibility):
        self.name = config.logged_as
        self._sign = -1.0 if isinstance(config, JpegCompressibility) else 1.0
        self.score_range = (-float("inf"), 0.0) if self._sign < 0 else (0.0, float("inf"))

    def measure(self, images: torch.Tensor, prompts: Sequence[Prompt]) -> Measurement:
        sizes = torch.tensor([_jpeg_kilobytes(Image.fromarray(image)) for image in to_pixels(images)])
        return Measurement(self._sign * sizes, {self.name: self._sign * sizes})


def _jpeg_kilobytes(image: Image.Image) -> float:
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=QUALITY)
    return buffer.tell() / BYTES_PER_KILOBYTE
