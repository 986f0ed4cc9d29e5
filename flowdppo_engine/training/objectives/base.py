"""What the update asks of an objective: a loss for each tile of (image, slot)."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from flowdppo_engine.models.conditions import Conditions
from flowdppo_engine.training.batch import UpdateBatch
from flowdppo_engine.training.diagnostics import UpdateDiagnostics
from flowdppo_engine.training.parts import Tile


@dataclass(frozen=True)
class TileInputs:
    """What the network is given at a tile: samples `[B, ...]` fp32, sigma (0-d or `[B]`, fp32) and B conditions."""

    sample: torch.Tensor
    sigma: torch.Tensor
    condition: Conditions


@dataclass(frozen=True)
class TileLoss:
    """`loss` `[B]` fp32 carries the gradient, unless `flows` is False: then there is none, and no backward pass."""

    loss: torch.Tensor
    flows: bool


class Objective(ABC):
    """Immutable but for what adapts between iterations."""

    @abstractmethod
    def num_slots(self, batch: UpdateBatch) -> int:
        """Columns of the grid of tiles: how often each image is trained in a pass over the rollout."""

    @abstractmethod
    def live_rows(self, batch: UpdateBatch, rows: torch.Tensor) -> torch.Tensor:
        """Those of `rows` that have anything to teach; the others count in the mean and cost nothing."""

    def prepared(self, batch: UpdateBatch, tiles: Sequence[Tile], check: Callable[[], None]) -> UpdateBatch:
        """The batch as the update needs it, before the first optimizer step; `tiles` are those of the first pass."""
        return batch

    @abstractmethod
    def tile_loss(self, batch: UpdateBatch, tile: Tile, diagnostics: UpdateDiagnostics) -> TileLoss:
        """The loss of a tile, to be averaged over all images and slots of its part."""

    @abstractmethod
    def measure_reference(self, batch: UpdateBatch, rows: torch.Tensor) -> dict[str, torch.Tensor]:
        """How far the policy is from the reference at images `rows`: values `[B]` by metric name, on the CPU."""
