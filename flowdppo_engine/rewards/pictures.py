"""Images as pictures."""

import torch
from PIL import Image

from flowdppo_engine.rewards.pixels import to_pixels


def to_pictures(images: torch.Tensor) -> list[Image.Image]:
    """Images `[B, 3, H, W]` (fp32, 0..1) as RGB pictures of 8 bits: what is stored and looked at is what is scored."""
    return [Image.fromarray(pixels) for pixels in to_pixels(images)]
