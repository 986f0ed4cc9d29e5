"""The processes that train one run together, and what they tell each other.

Each holds the whole LoRA and draws its own share of an iteration's groups; gradients are summed once an optimizer
step. Every method but `own_groups` is a collective: all processes must call it, in the same order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
import torch.distributed as dist

from flowdppo_engine.errors import BadConfig

Value = TypeVar("Value")


@dataclass(frozen=True)
class Processes:
    """Process `rank` of `count`; one alone where a run was started plainly."""

    rank: int = 0
    count: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this process writes events, checkpoints and samples."""
        return self.rank == 0

    def own_groups(self, num_groups: int) -> range:
        """The groups that this process draws, whole ones. Raises BadConfig where they cannot be shared evenly."""
        if num_groups % self.count:
            raise BadConfig(
                f"rollout.groups_per_iteration = {num_groups} cannot be shared evenly by {self.count} processes: "
                f"give a multiple of {self.count}."
            )
        share = num_groups // self.count
        return range(self.rank * share, (self.rank + 1) * share)

    def add_up(self, tensors: Sequence[torch.Tensor]) -> None:
        """Replace each tensor by its sum over the processes."""
        if self.count == 1:
            return
        # One message for all of them: a LoRA has hundreds of small matrices.
        flat = torch.cat([tensor.flatten() for tensor in tensors])
        dist.all_reduce(flat)
        for tensor, total in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(total.view_as(tensor))

    def gather(self, value: Value) -> list[Value]:
        """Each process's `value`, in the order of their ranks. Tensors must be on the CPU."""
        if self.count == 1:
            return [value]
        values: list[Value | None] = [None] * self.count
        dist.all_gather_object(values, value)
        return values

    def any(self, flag: bool) -> bool:
        """Whether `flag` is set in any process."""
        return flag if self.count == 1 else any(self.gather(flag))
