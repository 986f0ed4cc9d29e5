"""How far two Gaussian policies with the same std are from each other, and what that says about the return.

Means are ``[B, ...]`` with at least one latent axis: packed ``[B, L, C]``, image ``[B, C, H, W]``, video
``[B, C, F, H, W]``. ``std`` is the transition std, either one value (0-d, or any shape with one element) or one a
sample (``[B]`` or ``[B, 1, ...]``), and must be > 0. Everything is computed and returned in float32 whatever comes in.
Functions raise ValueError where shapes do not fit.
"""

import math

import torch
from torch import Tensor

from flowdppo_engine.policy.thresholds import Scale, Threshold

__all__ = [
    "Scale",
    "Threshold",
    "gaussian_kl",
    "gaussian_kl_nats",
    "improvement_lower_bound",
    "improvement_penalty_linear",
    "improvement_penalty_quadratic",
    "improvement_surrogate",
    "log_ratio",
    "total_variation",
    "trajectory_kl",
]


def gaussian_kl(mean_old: Tensor, mean_new: Tensor, std: Tensor) -> Tensor:
    """KL(old || new) averaged over the latent axes, ``[B]``: the scale of the published thresholds.

    The KL of Flow-DPPO Eq. 14 divided by the latent size. Differentiable in both means.
    """
    return 0.5 * _standardised_shift(mean_old, mean_new, std).square().mean(dim=1)


def gaussian_kl_nats(mean_old: Tensor, mean_new: Tensor, std: Tensor) -> Tensor:
    """KL(old || new) in nats, ``||mean_old - mean_new||^2 / (2 std^2)``, ``[B]`` (Flow-DPPO Eq. 14)."""
    return 0.5 * _standardised_shift(mean_old, mean_new, std).square().sum(dim=1)


def total_variation(mean_old: Tensor, mean_new: Tensor, std: Tensor) -> Tensor:
    """Total variation, exactly ``2 Phi(||mean_old - mean_new|| / (2 std)) - 1``, ``[B]`` (Flow-DPPO Eq. 10)."""
    # The norm, not the root of the KL: its gradient at zero shift is 0 where that of the root is infinite.
    distance = torch.linalg.vector_norm(_standardised_shift(mean_old, mean_new, std), dim=1)
    return torch.erf(distance / (2 * math.sqrt(2)))


def log_ratio(next_sample: Tensor, mean_old: Tensor, mean_new: Tensor, std: Tensor) -> Tensor:
    """log of new over old density at ``next_sample``, averaged over the latent axes, ``[B]``.

    Flow-DPPO Eq. 6 divided by the latent size; times the latent size it is the true log importance ratio, with the
    ``1 / (2 std^2)`` of every sampler, CPS included. Differentiable in ``mean_new``.

    Args:
        next_sample: ``[B, ...]`` the action drawn from the old policy, at full precision (float32).

    Raises:
        ValueError: shapes differ, or ``std`` is neither one value nor one a sample.
    """
    shift = _standardised_shift(mean_old, mean_new, std)
    # Written through the shift: two log-densities of order 1 that differ by 1e-6 would cancel and leave noise.
    residuals = _standardised_shift(mean_old, next_sample, std) + _standardised_shift(mean_new, next_sample, std)
    return 0.5 * (shift * residuals).mean(dim=1)


def trajectory_kl(kl_nats: Tensor) -> Tensor:
    """KL between the distributions of whole trajectories, estimated from one trajectory each, ``[B]``, nats.

    By the chain rule it is the expected sum over the stochastic denoising steps of the KL at the states visited.

    Args:
        kl_nats: ``[B, T]`` summed KL (``gaussian_kl_nats``) of each stochastic denoising step.
    """
    if kl_nats.ndim != 2:
        raise ValueError(f"kl_nats has shape {tuple(kl_nats.shape)}; expected [B, T], one column a stochastic step")
    return kl_nats.float().sum(dim=1)


def improvement_surrogate(rewards: Tensor, log_ratios_nats: Tensor) -> Tensor:
    """L' = E_old[R sum_k (r_k - 1)], what Theorem 1 (Flow-DPPO Eq. 7) calls the surrogate, 0-d, reward units.

    Args:
        rewards: ``[B]`` reward of each trajectory of the old policy.
        log_ratios_nats: ``[B, T]`` log of the true importance ratio at each stochastic denoising step.

    Raises:
        ValueError: shapes do not fit.
    """
    if log_ratios_nats.ndim != 2 or rewards.shape != log_ratios_nats.shape[:1]:
        raise ValueError(
            f"rewards {tuple(rewards.shape)} and log_ratios_nats {tuple(log_ratios_nats.shape)} must be [B] and [B, T]"
        )
    return (rewards.float() * log_ratios_nats.float().expm1().sum(dim=1)).mean()


def improvement_penalty_quadratic(max_abs_reward: float, total_variations: Tensor) -> Tensor:
    """``2 xi T (T - 1) max(TV)^2``: what Theorem 2 (Flow-DPPO Eq. 8) takes off the surrogate, 0-d, reward units.

    The paper counts K grid points, so its ``(K - 1)(K - 2)`` is ``T (T - 1)`` for T stochastic denoising steps. The
    maximum of the theorem is over all states; over the visited ones it is an estimate from below.

    Args:
        max_abs_reward: xi, a bound on the absolute reward.
        total_variations: ``[B, T]`` total variation of each stochastic denoising step, at states of the old policy.
    """
    num_decisions = _checked_total_variations(total_variations).shape[1]
    return 2 * max_abs_reward * num_decisions * (num_decisions - 1) * total_variations.float().max().square()


def improvement_penalty_linear(max_abs_reward: float, total_variations: Tensor) -> Tensor:
    """``4 xi E[sum_k TV_k]``: the variant of Theorem 2 linear in the number of steps (Flow-DPPO App. B.3), 0-d.

    Arguments as for ``improvement_penalty_quadratic``.
    """
    return 4 * max_abs_reward * _checked_total_variations(total_variations).float().sum(dim=1).mean()


def improvement_lower_bound(surrogate: Tensor, max_abs_reward: float, total_variations: Tensor) -> Tensor:
    """Lower bound on J(new) - J(old): the surrogate less the smaller of the two penalties, 0-d, reward units.

    Args:
        surrogate: 0-d, ``improvement_surrogate``.
        max_abs_reward, total_variations: as for ``improvement_penalty_quadratic``.
    """
    return surrogate.float() - torch.minimum(
        improvement_penalty_quadratic(max_abs_reward, total_variations),
        improvement_penalty_linear(max_abs_reward, total_variations),
    )


def _standardised_shift(start: Tensor, end: Tensor, std: Tensor) -> Tensor:
    """``(end - start) / std``, flattened to ``[B, D]`` float32."""
    if start.shape != end.shape:
        raise ValueError(f"shapes {tuple(start.shape)} and {tuple(end.shape)} must agree")
    if start.ndim < 2:
        raise ValueError(f"shape {tuple(start.shape)}: expected [B, ...] with at least one latent axis")
    return ((end.float() - start.float()) / _std_against(std, start)).flatten(start_dim=1)


def _std_against(std: Tensor, means: Tensor) -> Tensor:
    """``std`` reshaped by the rank of the means, so that it can meet the batch axis only."""
    if std.numel() == 1:
        return std.float().reshape(())
    if std.shape[0] == std.numel() == means.shape[0]:
        return std.float().reshape(-1, *[1] * (means.ndim - 1))
    # Left to broadcasting, a std a step would pair every step with every other one and nobody would notice.
    raise ValueError(f"std has shape {tuple(std.shape)} for means {tuple(means.shape)}; expected one value or [B]")


def _checked_total_variations(total_variations: Tensor) -> Tensor:
    if total_variations.ndim != 2:
        raise ValueError(f"total_variations has shape {tuple(total_variations.shape)}; expected [B, T]")
    return total_variations
