"""How latents are denoised."""

from dataclasses import dataclass

import torch

from flowdppo_engine.policy.dynamics import ODE, Dynamics, Transition
from flowdppo_engine.policy.solvers import Solver, euler


@dataclass(frozen=True)
class Denoising:
    """The sigma grid `[K + 1]` (CPU fp32), the guidance, the dynamics of the stochastic steps, the others' solver."""

    sigmas: torch.Tensor
    guidance_scale: float = 1.0
    dynamics: Dynamics = ODE()
    solver: Solver = euler

    @property
    def num_steps(self) -> int:
        return len(self.sigmas) - 1

    def policy(self, step: int, velocity: torch.Tensor, sample: torch.Tensor) -> Transition:
        """The policy at stochastic denoising step `step`: the Gaussian over the next sample."""
        sigmas = self.sigmas
        return self.dynamics.transition(velocity, sample, sigmas[step], sigmas[step + 1], sigma_max=sigmas[1])
