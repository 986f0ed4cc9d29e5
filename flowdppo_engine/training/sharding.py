"""FSDP2: the frozen network is shared out over the processes, and gathered block by block as it is passed through.

The LoRA stays whole in each process. So averages, checkpoints and the sum of gradients are what they are without
sharding, and a backward pass has nothing to reduce.
"""

from dataclasses import dataclass

import torch
from accelerate.utils import FullyShardedDataParallelPlugin, parse_flag_from_env
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import CPUOffloadPolicy, fully_shard

from flowdppo_engine.errors import BadConfig
from flowdppo_engine.models.base import FlowModel


@dataclass(frozen=True)
class Sharding:
    """`reshard_after_forward`: whether a block is given back once it is passed through.

    Keeping it would save the gathering of the next pass, and cost the memory that sharding is for.
    """

    reshard_after_forward: bool = True

    @classmethod
    def from_environment(cls) -> "Sharding | None":
        """As accelerate's configuration has it; None where it does not ask for FSDP. Raises BadConfig."""
        if not parse_flag_from_env("ACCELERATE_USE_FSDP"):
            return None
        plugin = FullyShardedDataParallelPlugin()
        if plugin.fsdp_version != 2:
            raise BadConfig(f"fsdp_version = {plugin.fsdp_version} in accelerate's configuration: give 2.")
        if isinstance(plugin.cpu_offload, CPUOffloadPolicy):
            raise BadConfig("fsdp_offload_params = true in accelerate's configuration: give false.")
        return cls(bool(plugin.reshard_after_forward))


def shard(model: FlowModel, sharding: Sharding, device: torch.device, num_processes: int) -> None:
    """Share out a model that lies on the CPU, with its LoRA: `device` never holds more than a block of it whole.

    Must come before anything that refers to the weights. Text encoders and autoencoder are not shared out.
    """
    trainable = model.trainable_parameters().values()
    mesh = init_device_mesh(device.type, (num_processes,))
    options = {"mesh": mesh, "ignored_params": set(trainable)}
    for block in model.repeated_blocks:
        fully_shard(block, **options, reshard_after_forward=sharding.reshard_after_forward)
    fully_shard(model.network, **options)
    for parameter in trainable:
        parameter.data = parameter.data.to(device)
