"""The processes that train one run together, and what they exchange.

Each holds the whole LoRA and draws its own share of an iteration's groups; gradients are summed once an optimizer
step. Every method said to be a collective must be called by all processes, in the same order.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import torch
import torch.distributed as dist

from flowdppo_engine.errors import BadConfig
from flowdppo_engine.training.stopping import Stopped

Value = TypeVar("Value")


class ProcessLost(Exception):
    """A collective failed: another process of the run is gone, or did not come within the timeout."""


@dataclass(frozen=True)
class Processes:
    """Process `rank` of `count`; one alone where a run was started plainly.

    `messages` is the group that exchanges what lies on the CPU. `passes_together` says that a pass through the network
    is a collective, as it is where the network is sharded: all processes must make the same passes.
    """

    rank: int = 0
    count: int = 1
    messages: dist.ProcessGroup | None = None
    passes_together: bool = False

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

    def own_share(self, num_items: int) -> range:
        """The items that this process works on where they need not be shared evenly; the last may have none."""
        share = -(-num_items // self.count)
        return range(min(self.rank * share, num_items), min((self.rank + 1) * share, num_items))

    def own_batches(self, num_items: int, batch_size: int) -> list[range]:
        """This process's share in batches; where they pass together, as many as each other has: the last are empty."""
        own, most = self.own_share(num_items), -(-num_items // self.count)
        num_batches = -(-(most if self.passes_together else len(own)) // batch_size)
        return [own[index * batch_size : (index + 1) * batch_size] for index in range(num_batches)]

    def add_up(self, tensors: Sequence[torch.Tensor]) -> None:
        """Replace each tensor by its sum over the processes. A collective."""
        if self.count == 1:
            return
        # One message for all of them: a LoRA has hundreds of small matrices.
        flat = torch.cat([tensor.flatten() for tensor in tensors])
        exchange(lambda: dist.all_reduce(flat))
        for tensor, total in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(total.view_as(tensor))

    def gather(self, value: Value) -> list[Value]:
        """Each process's `value`, in the order of their ranks. Tensors must be on the CPU. A collective."""
        if self.count == 1:
            return [value]
        values: list[Value | None] = [None] * self.count
        exchange(lambda: dist.all_gather_object(values, value, group=self.messages))
        return values

    def from_main(self, value: Value) -> Value:
        """The main process's `value`; the others' are not looked at. A collective."""
        return self.gather(value if self.is_main else None)[0]

    def most(self, number: int) -> int:
        """The largest `number` of all processes. A collective."""
        if self.count == 1:
            return number
        largest = torch.tensor(number)
        exchange(lambda: dist.all_reduce(largest, dist.ReduceOp.MAX, group=self.messages))
        return int(largest)

    def any(self, flag: bool) -> bool:
        """Whether `flag` is set in any process. A collective."""
        return bool(self.most(int(flag)))

    @contextmanager
    def section(self) -> Iterator[None]:
        """Work between two collectives, in which a process may find a stop request and leave early.

        At its end all agree, so that Stopped is raised in every process or in none. A collective.
        """
        stopped = False
        try:
            yield
        except Stopped:
            stopped = True
        if self.any(stopped):
            raise Stopped


ALONE = Processes()


def exchange(collective: Callable[[], Value]) -> Value:
    """What `collective` returns. Raises ProcessLost where it fails."""
    try:
        return collective()
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        raise ProcessLost(str(error)) from error
