import numpy as np
import torch

from flowdppo_engine.sandbox.quality import picture_quality
from flowdppo_engine.sandbox.scenes import counting_scene
from flowdppo_engine.sandbox.world import BACKGROUND
from tests.flowdppo_engine.sandbox.drawing import draw

RNG = np.random.default_rng(21)
PICTURES = draw([counting_scene(RNG) for _ in range(64)])
CLEAN = picture_quality(PICTURES)


def test_drawn_pictures_are_clean():
    assert CLEAN.dtype == torch.float32
    assert CLEAN.mean() > 0.93
    assert CLEAN.min() > 0.8


def test_debris_lowers_quality():
    spotted = PICTURES.clone()
    spotted[:, :, 1:64:16, 1:64:16] = torch.tensor([0.0, 0.0, 0.0]).view(1, 3, 1, 1)
    spotted[:, :, 2:64:16, 1:64:16] = torch.tensor([0.0, 0.0, 0.0]).view(1, 3, 1, 1)
    assert (picture_quality(spotted) < CLEAN - 0.02).all()


def test_blur_lowers_quality():
    padded = torch.nn.functional.pad(PICTURES, (2, 2, 2, 2), mode="replicate")
    blurred = torch.nn.functional.avg_pool2d(padded, 5, stride=1)
    assert picture_quality(blurred).mean() < 0.7 * CLEAN.mean()


def test_faded_colours_lower_quality():
    paper = torch.tensor(BACKGROUND).view(1, 3, 1, 1) / 255
    faded = paper + 0.7 * (PICTURES - paper)
    assert picture_quality(faded).mean() < 0.8 * CLEAN.mean()


def test_noise_lowers_quality():
    noisy = PICTURES + 0.1 * torch.randn(PICTURES.shape, generator=torch.Generator().manual_seed(0))
    assert picture_quality(noisy).mean() < 0.7 * CLEAN.mean()


def test_an_empty_picture_has_none():
    paper = torch.tensor(BACKGROUND).view(1, 3, 1, 1).expand(2, 3, 64, 64) / 255
    assert picture_quality(paper).tolist() == [0, 0]
