"""How the processes of a run find each other, as accelerate was told to start them."""

import os
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist
from accelerate import Accelerator, DistributedType
from accelerate.utils import InitProcessGroupKwargs

from flowdppo_engine import launched
from flowdppo_engine.errors import BadConfig
from flowdppo_engine.training import zero2
from flowdppo_engine.training.processes import ALONE, Processes
from flowdppo_engine.training.sharding import Sharding

TIMEOUT_VARIABLE = "FLOWDPPO_COLLECTIVE_TIMEOUT_MINUTES"
# A process waits this long for the slowest one's rewards; one that failed is told of at once and not waited for.
DEFAULT_TIMEOUT_MINUTES = 30.0
TYPES = (
    *(DistributedType.NO, DistributedType.MULTI_CPU, DistributedType.MULTI_GPU),
    *(DistributedType.FSDP, DistributedType.DEEPSPEED),
)


@dataclass(frozen=True)
class Joined:
    """This process among the others.

    `sharding`: how the network is shared out, None where each holds the whole of it. `shares_optimizer`: whether the
    optimizer is, by ZeRO-2.
    """

    processes: Processes
    sharding: Sharding | None = None
    shares_optimizer: bool = False


NOBODY_ELSE = Joined(ALONE)


def join() -> Joined:
    """Meet the other processes of the run. Raises BadConfig for a way of starting them that cannot train."""
    sharding, shares_optimizer = Sharding.from_environment(), zero2.is_asked_for()
    accelerator = make_accelerator()
    if accelerator.distributed_type not in TYPES or accelerator.num_processes != launched.num_processes():
        raise BadConfig(
            f"{launched.num_processes()} processes were started for {accelerator.distributed_type}, and "
            f"{accelerator.num_processes} found each other: start them with `accelerate launch` or `torchrun`, for "
            "plain data parallelism, FSDP2 or ZeRO-2 (docs/launching.md)."
        )
    if accelerator.num_processes == 1:
        return NOBODY_ELSE
    messages = dist.new_group(backend="gloo", timeout=_timeout())
    processes = Processes(accelerator.process_index, accelerator.num_processes, messages, sharding is not None)
    return Joined(processes, sharding, shares_optimizer)


def make_accelerator() -> Accelerator:
    """Mixed precision is off: weights come in their own dtype and the LoRA in fp32, without a cast in between."""
    on_cpu = launched.num_processes() > 1 and not torch.accelerator.is_available()
    return Accelerator(
        mixed_precision="no",
        cpu=on_cpu or None,
        kwargs_handlers=[InitProcessGroupKwargs(timeout=_timeout())],
    )


def _timeout() -> timedelta:
    value = os.environ.get(TIMEOUT_VARIABLE, DEFAULT_TIMEOUT_MINUTES)
    try:
        minutes = float(value)
    except ValueError:
        minutes = 0
    if not minutes > 0:
        raise BadConfig(f"{TIMEOUT_VARIABLE} = {value!r} is no number of minutes: give one above 0.")
    return timedelta(minutes=minutes)
