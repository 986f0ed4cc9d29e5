"""What of its node a run may use, and how its processes are started on it."""

import sys
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

import flowdppo_engine
from runs.models import Attempt

LAUNCH = Path(flowdppo_engine.__file__).parent / "launch"
ON_GPUS = LAUNCH / "data_parallel_8_gpus.yaml"
ON_PROCESSORS = LAUNCH / "data_parallel_2_cpus.yaml"


@dataclass(frozen=True)
class Devices:
    """A process for each slot; of a node with GPUs each gets its own."""

    slots: tuple[int, ...] = ()
    are_gpus: bool = False

    @classmethod
    def of(cls, attempt: Attempt) -> "Devices":
        return cls(tuple(attempt.gpus), attempt.node is not None and attempt.node.has_gpus)

    def command(self, engine: list[str]) -> list[str]:
        """How to start `engine`: plainly, or as several processes by `accelerate launch` (docs/launching.md)."""
        if len(self.slots) <= 1:
            return engine
        config = ON_GPUS if self.are_gpus else ON_PROCESSORS
        launch = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", str(config)]
        # Several runs of one node must not meet at one port: 0 is a free one.
        launch += ["--num_processes", str(len(self.slots)), "--main_process_port", "0"]
        return [*launch, "--no_python", *engine]

    def environment(self) -> dict[str, str]:
        """What the engine's environment gets beside ours."""
        # How long the launcher waits for its processes once it is to end.
        values = {"TORCH_ELASTIC_SHUTDOWN_TIMEOUT": str(round(settings.ENGINE_GRACE_SECONDS))}
        if self.are_gpus:
            # The driver's numbers count along the bus; CUDA's own order would be another.
            values |= {
                "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
                "CUDA_VISIBLE_DEVICES": ",".join(str(slot) for slot in self.slots),
            }
        return values
