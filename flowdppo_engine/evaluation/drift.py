"""How far a policy has moved from the base model, on one yardstick for every method.

Training measures the KL of its own transitions, which depends on its sampler and on the steps that it drew, and has
none where it needs no noise. Here the policy draws its evaluation images by the ODE, and at each denoising step of
them both policies are compared as transitions of one and the same SDE.
"""

from collections.abc import Callable

import torch

from flowdppo_engine.models.base import FlowModel
from flowdppo_engine.models.conditions import Conditions
from flowdppo_engine.policy.dynamics import FlowSDE
from flowdppo_engine.policy.reference import mean_square
from flowdppo_engine.training.denoising import Denoising
from flowdppo_engine.training.rollout import walk

YARDSTICK = FlowSDE(noise_level=0.8)
KL, VELOCITY = "drift/kl_nats", "drift/velocity"


def measure_drift(
    model: FlowModel,
    denoising: Denoising,
    initial_noise: torch.Tensor,
    condition: Conditions,
    check: Callable[[], None] = lambda: None,
) -> dict[str, torch.Tensor]:
    """The drift of B images, each `[B]` fp32 on the CPU.

    `drift/kl_nats`: KL(policy || base) of the trajectory, in nats: the sum over its denoising steps of the KL between
    the two policies' Flow-SDE transitions at noise level 0.8 (Flow-DPPO Eq. 15). `drift/velocity`: mean squared
    difference of the velocities, over steps and latent dimensions.

    Args:
        initial_noise: `[B, ...]` fp32.
        condition: B encoded prompts.
    """
    return draw_measured(model, denoising, initial_noise, condition, check)[1]


def draw_measured(
    model: FlowModel,
    denoising: Denoising,
    initial_noise: torch.Tensor,
    condition: Conditions,
    check: Callable[[], None] = lambda: None,
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """The latents `[B, ...]` fp32 that the policy draws, and their drift as `measure_drift` has it, in one walk."""
    distances: list[torch.Tensor] = []

    def compare(step: int, sample: torch.Tensor, velocity: torch.Tensor) -> None:
        sigma = denoising.sigmas[step].to(sample.device)
        with model.reference():
            reference = model.velocity(sample, sigma, condition, denoising.guidance_scale)
        distances.append(mean_square(velocity, reference).cpu())

    steps = range(denoising.num_steps)
    noise = initial_noise.to(model.device)
    latents, _ = walk(model, denoising, noise, condition, steps, check=check, observe=compare)
    by_step = torch.stack(distances, dim=1)
    return latents, {KL: by_step @ _nats_per_distance(model, denoising), VELOCITY: by_step.mean(dim=1)}


def _nats_per_distance(model: FlowModel, denoising: Denoising) -> torch.Tensor:
    """`[K]`: the KL in nats at each denoising step for a mean squared velocity difference of 1."""
    sigmas = denoising.sigmas
    coefficients = [
        YARDSTICK.velocity_kl_coefficient(sigmas[step], sigmas[step + 1], sigma_max=sigmas[1])
        for step in range(denoising.num_steps)
    ]
    return torch.tensor(coefficients) * model.num_latent_dims
