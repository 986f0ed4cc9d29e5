"""DiffusionNFT (arXiv 2509.16117): policy improvement on the forward process, without ratios and with any sampler."""

from __future__ import annotations

import torch
from torch import Tensor

SMALLEST_WEIGHT = 1e-5


def optimality(advantages: Tensor, advantage_max: float) -> Tensor:
    """Probability that a sample is a good one: ``clip(A / A_max, -1, 1) / 2 + 1 / 2``, in [0, 1], float32."""
    return (advantages.float() / advantage_max).clamp(-1, 1) / 2 + 0.5


def diffusion_nft_loss(
    velocity: Tensor,
    old_velocity: Tensor,
    noised: Tensor,
    clean: Tensor,
    sigma: Tensor,
    advantages: Tensor,
    *,
    beta: float,
    advantage_max: float,
) -> Tensor:
    """Contrast of two implicit policies around the old one, ``[B]`` float32, to be minimised.

    The positive one, ``(1 - beta) v_old + beta v``, is fitted to good samples and the negative one,
    ``(1 + beta) v_old - beta v``, to bad ones. Each error is that of the predicted data, divided by its own mean
    absolute value (detached), which evens out noise levels and samples. At ``v = v_old`` the gradient is
    ``-2 sigma A (noise - clean - v) / (D mean|noise - clean - v|)`` for latents of D elements, whatever beta is.

    Args:
        velocity: ``[B, ...]`` of the trained policy at ``(noised, sigma)``; alone carries a gradient.
        old_velocity: ``[B, ...]`` of the old policy at the same.
        noised: ``[B, ...]`` float32, ``(1 - sigma) * clean + sigma * noise``.
        clean: ``[B, ...]`` float32, samples of the old policy.
        sigma: noise level in (0, 1], one value or ``[B]``.
        advantages: ``[B]``.
        beta: in (0, 1], how far the implicit policies lie from the old one.
        advantage_max: advantage at which a sample counts as certainly good.

    Raises:
        ValueError: shapes do not fit, or ``beta`` or ``advantage_max`` is out of bounds.
    """
    if not 0 < beta <= 1:
        raise ValueError(f"beta={beta}: must lie in (0, 1]")
    if not advantage_max > 0:
        raise ValueError(f"advantage_max={advantage_max}: must be > 0")
    _check_shapes(velocity, old_velocity, noised, clean, sigma, advantages)
    velocity, old = velocity.float(), old_velocity.detach().float()
    level = sigma.float().reshape(-1, *[1] * (noised.ndim - 1))
    good = optimality(advantages.detach(), advantage_max)
    positive, negative = (1 - beta) * old + beta * velocity, (1 + beta) * old - beta * velocity
    losses = [_data_loss(noised.float() - level * implicit, clean.float()) for implicit in (positive, negative)]
    return (good * losses[0] + (1 - good) * losses[1]) * advantage_max / beta


def old_policy_decay(step: int, *, flat: int, rate: float, hold: float) -> float:
    """Share of the old policy that one update of it keeps: ``min(max(step - flat, 0) * rate, hold)``.

    Args:
        step: optimizer steps done.
        flat: steps during which the old policy is the trained one (decay 0).
        rate: growth a step after that.
        hold: largest decay, < 1.
    """
    return min(max(step - flat, 0) * rate, hold)


def _data_loss(predicted: Tensor, clean: Tensor) -> Tensor:
    """``mean(error^2) / mean|error|``, ``[B]``; the denominator is constant."""
    error = (predicted - clean).flatten(start_dim=1)
    with torch.no_grad():
        weight = error.abs().mean(dim=1).clamp(min=SMALLEST_WEIGHT)
    return error.square().mean(dim=1) / weight


def _check_shapes(
    velocity: Tensor, old_velocity: Tensor, noised: Tensor, clean: Tensor, sigma: Tensor, advantages: Tensor
) -> None:
    shapes = {tuple(tensor.shape) for tensor in (velocity, old_velocity, noised, clean)}
    if len(shapes) > 1 or noised.ndim < 2:
        raise ValueError(
            f"velocities, noised and clean samples have shapes {sorted(shapes)}; all must be one [B, ...]"
        )
    num_samples = len(noised)
    if advantages.shape != (num_samples,):
        raise ValueError(f"advantages has shape {tuple(advantages.shape)}; expected [{num_samples}]")
    if sigma.numel() != 1 and sigma.shape != (num_samples,):
        raise ValueError(f"sigma has shape {tuple(sigma.shape)}; expected one value or [{num_samples}]")
