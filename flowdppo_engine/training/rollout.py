"""From noise to latents: the one denoising loop of rollouts, evaluations and samples.

Shapes: N images of an iteration, B of a batch, C, H, W of a latent.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from flowdppo_engine.models.base import FlowModel
from flowdppo_engine.models.conditions import Conditions
from flowdppo_engine.policy.dynamics import Dynamics, Transition, make_dynamics

ODE = make_dynamics("ode")


@dataclass(frozen=True)
class Denoising:
    """How latents are denoised: the sigma grid `[K + 1]` (CPU fp32), the stochastic dynamics and the guidance."""

    sigmas: torch.Tensor
    guidance_scale: float = 1.0
    dynamics: Dynamics = ODE

    @property
    def num_steps(self) -> int:
        return len(self.sigmas) - 1

    def transition(self, step: int, velocity: torch.Tensor, sample: torch.Tensor, dynamics: Dynamics) -> Transition:
        return dynamics.transition(
            velocity, sample, self.sigmas[step], self.sigmas[step + 1], sigma_max=self.sigmas[1]
        )

    def policy(self, step: int, velocity: torch.Tensor, sample: torch.Tensor) -> Transition:
        """The policy at stochastic denoising step `step`: the Gaussian over the next sample."""
        return self.transition(step, velocity, sample, self.dynamics)


@dataclass(frozen=True)
class RecordedStep:
    """What an update needs of one stochastic denoising step, for all N images.

    `sample` and `next_sample` are `[N, C, H, W]` fp32. `velocity` is the old policy's, `[N, C, H, W]` in the network's
    own dtype: kept without loss, it gives the old mean back through the same transition.
    """

    step: int
    sample: torch.Tensor
    next_sample: torch.Tensor
    velocity: torch.Tensor


@torch.no_grad()
def denoise(
    model: FlowModel,
    denoising: Denoising,
    initial_noise: torch.Tensor,
    condition_of: Callable[[torch.Tensor], Conditions],
    *,
    batch_size: int,
    step_noise: Mapping[int, torch.Tensor] | None = None,
    check: Callable[[int], None] = lambda done: None,
) -> tuple[torch.Tensor, tuple[RecordedStep, ...]]:
    """Denoise `initial_noise` (`[N, C, H, W]` fp32) in batches.

    Args:
        condition_of: the conditions of image rows (`[B]` int64).
        step_noise: SDE noise `[N, C, H, W]` of each stochastic denoising step; the other steps follow the ODE.
        check: called before each pass through the network with how many images are done; may raise to stop.

    Returns:
        Latents `[N, C, H, W]` fp32, and what was recorded of the stochastic steps in their order.
    """
    step_noise = step_noise or {}
    latents, records = [], {step: [] for step in sorted(step_noise)}
    for rows in torch.arange(len(initial_noise)).split(batch_size):
        sample = initial_noise[rows].to(model.device)
        condition = condition_of(rows)
        for step in range(denoising.num_steps):
            check(int(rows[0]))
            velocity = model.velocity(
                sample, denoising.sigmas[step].to(model.device), condition, denoising.guidance_scale
            )
            if step in step_noise:
                noise = step_noise[step][rows].to(model.device)
                next_sample = denoising.policy(step, velocity, sample).sample(noise)
                records[step].append((sample, next_sample, velocity))
            else:
                next_sample = denoising.transition(step, velocity, sample, ODE).mean
            sample = next_sample
        latents.append(sample)
    recorded = tuple(
        RecordedStep(step, *(torch.cat(tensors) for tensors in zip(*batches, strict=True)))
        for step, batches in records.items()
    )
    return torch.cat(latents), recorded
