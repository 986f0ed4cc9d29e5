"""Movements to judge: made of given numbers, or measured between two random policies."""

import math

import torch

from flowdppo_engine.policy.dynamics import Transition
from flowdppo_engine.policy.movement import Movement, measure_movement


def movement_of(
    log_ratio,
    kl=0.0,
    *,
    velocity_distance=0.0,
    residual=1.0,
    std=1.0,
    dt=0.1,
    num_latent_dims=64,
) -> Movement:
    """A movement with these numbers; ``log_ratio`` and ``kl`` are leaves that want a gradient."""
    log_ratio = torch.as_tensor(log_ratio, dtype=torch.float32).reshape(-1).clone()

    def tile(values):
        return torch.as_tensor(values, dtype=torch.float32).expand_as(log_ratio).clone()

    kl = tile(kl)
    total_variation = torch.erf((kl * num_latent_dims).sqrt() / 2)
    return Movement(
        log_ratio.requires_grad_(),
        kl.requires_grad_(),
        total_variation.detach(),
        tile(velocity_distance),
        tile(residual),
        tile(std),
        tile(dt),
        num_latent_dims,
    )


def random_policies(num_tiles, *latent_shape, kl_nats, std=0.5, seed=0):
    """Old and new mean ``[B, ...]`` ``kl_nats`` apart, and the noise of the old policy's action; all float64."""
    generator = torch.Generator().manual_seed(seed)
    shape = (num_tiles, *latent_shape)
    old, shift, noise = torch.randn(3, *shape, generator=generator, dtype=torch.float64)
    norms = shift.flatten(1).norm(dim=1).reshape(-1, *[1] * len(latent_shape))
    return old, old + shift / norms * std * math.sqrt(2 * kl_nats), noise


def measured(old_mean, new_mean, noise, std=0.5, dt=0.1) -> Movement:
    """The movement between two policies of one std at the action ``old_mean + std * noise``."""
    stds = torch.tensor(std)
    old, new = (Transition(mean.float(), stds) for mean in (old_mean, new_mean))
    next_sample = (old_mean + std * noise).float()
    return measure_movement(old, new, next_sample, old_mean.detach(), new_mean.detach(), dt)
