import io

import pytest
import torch
from PIL import Image

from flowdppo_engine.config import JpegCompressibility, JpegIncompressibility
from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.registry import make_reward

GENERATOR = torch.Generator().manual_seed(0)
FLAT, NOISY = torch.full((3, 64, 64), 0.5), torch.rand(3, 64, 64, generator=GENERATOR)
IMAGES, PROMPTS = torch.stack([FLAT, NOISY]), [Prompt("a"), Prompt("b")]


def kilobytes(image: torch.Tensor) -> float:
    buffer = io.BytesIO()
    pixels = (image * 255).round().byte().permute(1, 2, 0).numpy()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95)
    return len(buffer.getvalue()) / 1000


def test_incompressibility_is_the_size_in_kilobytes():
    measured = make_reward(JpegIncompressibility()).measure(IMAGES, PROMPTS)
    assert measured.reward.tolist() == pytest.approx([kilobytes(FLAT), kilobytes(NOISY)])
    assert measured.reward[1] > 5 * measured.reward[0]


def test_compressibility_is_its_opposite():
    up = make_reward(JpegIncompressibility()).measure(IMAGES, PROMPTS)
    down = make_reward(JpegCompressibility()).measure(IMAGES, PROMPTS)
    assert torch.equal(down.reward, -up.reward)
    assert list(down.scores) == ["jpeg_compressibility"]
