"""What an iteration trains on. N images of this process."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch

from flowdppo_engine.models.conditions import Conditions
from flowdppo_engine.training.denoising import Denoising


@dataclass(frozen=True)
class RecordedStep:
    """What an update needs of one stochastic denoising step, for all N images.

    `sample` and `next_sample` are `[N, ...]` fp32. `velocity` is the old policy's, `[N, ...]` in the network's own
    dtype: kept without loss, it gives the old mean back through the same transition.
    """

    step: int
    sample: torch.Tensor
    next_sample: torch.Tensor
    velocity: torch.Tensor


@dataclass(frozen=True)
class UpdateBatch:
    """The images of an iteration as the update needs them.

    `denoising` is how they were drawn, `latents` `[N, ...]` fp32 what came out; `advantages` and `rewards` are `[N]`
    fp32 on the CPU. `first_row` is the place of the first image among those of all processes.
    """

    iteration: int
    denoising: Denoising
    latents: torch.Tensor
    records: tuple[RecordedStep, ...]
    condition_of: Callable[[torch.Tensor], Conditions]
    advantages: torch.Tensor
    rewards: torch.Tensor
    first_row: int = 0

    def with_velocities(self, velocities: Sequence[torch.Tensor]) -> "UpdateBatch":
        """The batch with another old policy: one `[N, ...]` a recorded step."""
        pairs = zip(self.records, velocities, strict=True)
        return replace(self, records=tuple(replace(record, velocity=velocity) for record, velocity in pairs))
