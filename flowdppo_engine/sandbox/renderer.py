"""Draws scenes: antialiased shapes on a jittered 4×4 grid, never touching each other."""

import numpy as np

from flowdppo_engine.sandbox.world import (
    BACKGROUND,
    CELL_SIZE,
    COLOURS,
    GRID_SIZE,
    IMAGE_SIZE,
    SHAPES,
    Kind,
    Scene,
)

SUPERSAMPLING = 4
RADII = np.arange(4.5, 5.76, 0.25)
MAX_JITTER = 1.25


def render(scene: Scene, rng: np.random.Generator) -> np.ndarray:
    """One random picture of a scene: uint8 [64, 64, 3]."""
    image = np.empty((IMAGE_SIZE, IMAGE_SIZE, 3), np.float32)
    image[:] = BACKGROUND
    for kind, (row, column) in zip(_objects(scene), place(scene, rng), strict=True):
        cell = image[row * CELL_SIZE : (row + 1) * CELL_SIZE, column * CELL_SIZE : (column + 1) * CELL_SIZE]
        coverage = draw_shape(kind.shape, rng.choice(RADII), rng.uniform(-MAX_JITTER, MAX_JITTER, 2))[..., None]
        cell *= 1 - coverage
        cell += coverage * np.asarray(COLOURS[kind.colour], np.float32)
    return image.round().astype(np.uint8)


def _objects(scene: Scene) -> list[Kind]:
    return [part.kind for part in scene.parts for _ in range(part.count)]


def place(scene: Scene, rng: np.random.Generator) -> list[tuple[int, int]]:
    """A grid cell (row, column) for each object; a scene with a relation gets cells for which it is true."""
    while True:
        cells = rng.choice(GRID_SIZE**2, scene.num_objects, replace=False)
        places = [divmod(int(cell), GRID_SIZE) for cell in cells]
        if scene.relation is None or relation_holds(scene.relation, *places):
            return places


def relation_holds(relation: str, first: tuple[int, int], second: tuple[int, int]) -> bool:
    """Whether the first (row, column) stands in the relation to the second."""
    down, right = first[0] - second[0], first[1] - second[1]
    return {"left of": right < 0, "right of": right > 0, "above": down < 0, "below": down > 0}[relation]


def draw_shape(shape: str, radius: float, offset: np.ndarray) -> np.ndarray:
    """How much of each pixel of a cell the shape covers: float32 [16, 16] in [0, 1]; lengths in pixels."""
    steps = (np.arange(CELL_SIZE * SUPERSAMPLING) + 0.5) / SUPERSAMPLING - CELL_SIZE / 2
    x, y = steps[None, :] - offset[0], steps[:, None] - offset[1]
    inside = _inside(shape, x / radius, y / radius)
    return inside.reshape(CELL_SIZE, SUPERSAMPLING, CELL_SIZE, SUPERSAMPLING).mean((1, 3), dtype=np.float32)


def _inside(shape: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    if shape == "circle":
        return x**2 + y**2 <= 1
    if shape == "square":
        return (abs(x) <= 0.88) & (abs(y) <= 0.88)
    if shape == "triangle":
        return (y <= 0.85) & (abs(x) <= (y + 1) * 0.54)
    raise ValueError(f"unknown shape {shape!r}: the sandbox draws {', '.join(SHAPES)}.")
