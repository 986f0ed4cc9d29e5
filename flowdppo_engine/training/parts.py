"""How an iteration's images are dealt to optimizer steps, and cut into tiles of (image, slot)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from flowdppo_engine.training import keyed


@dataclass(frozen=True)
class Part:
    """The images of one optimizer step: `rows` of this process, and how many images all processes have in it."""

    rows: torch.Tensor
    num_images: int


@dataclass(frozen=True)
class Tile:
    """One forward and backward pass: image rows `[B]` (int64) at each of some slots (recorded denoising steps)."""

    rows: torch.Tensor
    slots: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.rows) * len(self.slots)


def deal(num_groups: int, group_size: int, num_parts: int, *key: int | str) -> list[torch.Tensor]:
    """Split the images, shuffled, into `num_parts` parts of row indices whose sizes differ by one at most.

    Every group is spread evenly over the parts, so that none sees only the better half of a prompt's images.
    """
    rng = keyed.generator(*key)
    members = rng.permuted(np.arange(num_groups * group_size).reshape(num_groups, group_size), axis=1)
    # One image of every group in turn: any stretch of this order has as many of one group as of another, give or take.
    order = rng.permutation(members, axis=0).T.flatten()
    return [torch.from_numpy(part) for part in np.array_split(order, num_parts)]


def own_part(rows: torch.Tensor, own: range) -> Part:
    """What of a part is among the images `own` (places among those of all processes), counted from the first."""
    is_own = (rows >= own.start) & (rows < own.stop)
    return Part(rows[is_own] - own.start, len(rows))


def cut_tiles(rows: torch.Tensor, num_slots: int, tile_samples: int, tile_slots: int) -> Iterator[Tile]:
    """The grid over `rows` and the slots; empty where there are no rows."""
    for first in range(0, len(rows), tile_samples):
        some_rows = rows[first : first + tile_samples]
        for start in range(0, num_slots, tile_slots):
            yield Tile(some_rows, tuple(range(start, min(start + tile_slots, num_slots))))
