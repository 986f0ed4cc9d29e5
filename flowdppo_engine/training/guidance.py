"""The guidance that each part of an iteration passes through the network with."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from flowdppo_engine.config import RunConfig
from flowdppo_engine.models.base import FlowModel

if TYPE_CHECKING:
    from flowdppo_engine.training.objectives.base import TileInputs


@dataclass(frozen=True)
class Guidance:
    """Classifier-free guidance: its scale, and whether the unconditional pass has a gradient too."""

    scale: float = 1.0
    unconditional_gradient: bool = False

    def velocity(self, model: FlowModel, inputs: "TileInputs") -> torch.Tensor:
        """The guided velocity `[B, ...]` at a tile's inputs, in the network's dtype."""
        return model.velocity(inputs.sample, inputs.sigma, inputs.condition, self.scale, self.unconditional_gradient)


def update_guidance(config: RunConfig) -> Guidance:
    scale = config.update.guidance_scale or config.rollout.guidance_scale
    return Guidance(scale, unconditional_gradient=config.update.guidance_gradient == "both")


def reference_guidance(config: RunConfig) -> Guidance:
    return Guidance(config.reference.guidance_scale or update_guidance(config).scale)
