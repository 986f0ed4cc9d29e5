"""The divergence from the base model: the policy with its LoRA switched off."""

from dataclasses import dataclass
from typing import Literal

import torch

from flowdppo_engine.models.base import FlowModel
from flowdppo_engine.policy.dynamics import Transition
from flowdppo_engine.policy.reference import reference_penalty
from flowdppo_engine.training.guidance import Guidance
from flowdppo_engine.training.objectives.base import TileInputs


@dataclass(frozen=True)
class ReferencePenalty:
    """`beta` times a divergence is part of the loss; with `beta` 0 the reference runs for the log only."""

    beta: float
    measure: Literal["transition", "mean", "velocity"]
    guidance: Guidance

    @torch.no_grad()
    def velocity(self, model: FlowModel, inputs: TileInputs) -> torch.Tensor:
        """The base model's velocity `[B, ...]`."""
        with model.reference():
            return self.guidance.velocity(model, inputs)

    def penalty(
        self, velocity: torch.Tensor, reference_velocity: torch.Tensor, new: Transition, reference: Transition
    ) -> torch.Tensor:
        """`[B]` fp32, with the gradient of the policy."""
        return reference_penalty(self.measure, velocity, reference_velocity, new, reference)
