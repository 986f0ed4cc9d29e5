"""Pictures for the sandbox's tests."""

import numpy as np
import torch

from flowdppo_engine.sandbox.renderer import render
from flowdppo_engine.sandbox.world import Scene


def draw(scenes: list[Scene], seed: int = 0) -> torch.Tensor:
    """Pictures [B, 3, 64, 64] in [0, 1]."""
    rng = np.random.default_rng(seed)
    pixels = np.stack([render(scene, rng) for scene in scenes])
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
