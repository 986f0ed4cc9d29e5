"""How an iteration's images are dealt to optimizer steps, and cut into tiles of (image, denoising step)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from flowdppo_engine.training import keyed


@dataclass(frozen=True)
class Tile:
    """One forward and backward pass: image rows `[B]` (int64) at each of some recorded denoising steps."""

    rows: torch.Tensor
    records: tuple[int, ...]


def deal(num_groups: int, group_size: int, num_parts: int, *key: int | str) -> list[torch.Tensor]:
    """Split the images, shuffled, into `num_parts` parts of row indices whose sizes differ by one at most.

    Every group is spread evenly over the parts, so that none sees only the better half of a prompt's images.
    """
    rng = keyed.generator(*key)
    members = rng.permuted(np.arange(num_groups * group_size).reshape(num_groups, group_size), axis=1)
    # One image of every group in turn: any stretch of this order has as many of one group as of another, give or take.
    order = rng.permutation(members, axis=0).T.flatten()
    return [torch.from_numpy(part) for part in np.array_split(order, num_parts)]


def cut_tiles(rows: torch.Tensor, num_records: int, tile_samples: int, tile_steps: int) -> Iterator[Tile]:
    """The grid over `rows` and the recorded steps; empty where there are no rows."""
    for first in range(0, len(rows), tile_samples):
        some_rows = rows[first : first + tile_samples]
        for start in range(0, num_records, tile_steps):
            yield Tile(some_rows, tuple(range(start, min(start + tile_steps, num_records))))
