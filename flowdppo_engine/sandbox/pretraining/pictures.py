"""Captioned pictures to pretrain on, some captions with a wrong count."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch

from flowdppo_engine.sandbox.grammar import describe
from flowdppo_engine.sandbox.renderer import render
from flowdppo_engine.sandbox.scenes import MAX_COUNT, binding_scene, counting_scene, relation_scene
from flowdppo_engine.sandbox.world import GRID_SIZE, KINDS, Counted, Scene

# Counting, relations and colour binding.
MIXTURE = (counting_scene, relation_scene, binding_scene)
MIXTURE_SHARES = (0.6, 0.25, 0.15)


def draw_captioned(rng: np.random.Generator, num: int, wrong_counts: float) -> tuple[list[str], torch.Tensor]:
    """Captions and pictures, float32 [num, 3, 64, 64] in [0, 1]."""
    captions, pictures = [], []
    for scene in _scenes(rng, num):
        captions.append(describe(_miscount(scene, rng) if rng.random() < wrong_counts else scene).text)
        pictures.append(render(scene, rng))
    return captions, _as_tensor(pictures)


def draw_crowded(rng: np.random.Generator, num: int) -> torch.Tensor:
    """Pictures of up to sixteen random objects each, float32 [num, 3, 64, 64] in [0, 1]: much to see in each."""
    pictures = []
    for num_objects in rng.integers(1, GRID_SIZE**2 + 1, num):
        kinds = rng.choice(len(KINDS), num_objects)
        pictures.append(render(Scene(tuple(Counted(KINDS[kind], 1) for kind in kinds)), rng))
    return _as_tensor(pictures)


def _as_tensor(pictures: list[np.ndarray]) -> torch.Tensor:
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255


def _scenes(rng: np.random.Generator, num: int) -> Iterator[Scene]:
    for choice in rng.choice(len(MIXTURE), num, p=MIXTURE_SHARES):
        yield MIXTURE[choice](rng)


def _miscount(scene: Scene, rng: np.random.Generator) -> Scene:
    """One count of a counting scene off by one; other scenes are captioned right."""
    if scene.relation is not None or all(part.count == 1 for part in scene.parts) and len(scene.parts) == 3:
        return scene
    index = int(rng.integers(len(scene.parts)))
    part = scene.parts[index]
    wrong = [count for count in (part.count - 1, part.count + 1) if 1 <= count <= MAX_COUNT]
    parts = list(scene.parts)
    parts[index] = replace(part, count=int(rng.choice(wrong)))
    return Scene(tuple(parts))
