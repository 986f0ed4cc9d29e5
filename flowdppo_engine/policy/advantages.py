"""Advantages from rewards: how much better a sample is than the others of its group (same prompt).

Rewards come as ``[num_groups, group_size]``, or as ``[N]`` with integer ``group_ids [N]`` (groups may differ in size;
they are numbered by ascending id). Statistics are computed in float64 with the population std (divisor n), and
returned in float32.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

Std = Literal["group", "batch"]


@dataclass(frozen=True, slots=True, eq=False)
class Advantages:
    """Advantages and the statistics of the groups that they were measured against.

    Attributes:
        advantages: float32, the shape of the rewards, dimensionless.
        zero_groups: ``[num_groups]`` bool: all rewards of the group are equal, so it has nothing to teach; its
            advantages are exactly 0.
        group_mean, group_std: ``[num_groups]`` float32, reward units (for GDPO, of the weighted sum of the rewards).
    """

    advantages: Tensor
    zero_groups: Tensor
    group_mean: Tensor
    group_std: Tensor


def group_advantages(
    rewards: Tensor,
    group_ids: Tensor | None = None,
    *,
    std: Std = "group",
    clip: float | None = 5.0,
    eps: float = 1e-4,
) -> Advantages:
    """``(reward - group mean) / (std + eps)``, clamped (Flow-DPPO section 2.1).

    Args:
        rewards, group_ids: see the module.
        std: ``group`` divides by the std of the group, ``batch`` by that of all rewards together.
        clip: advantages are clamped to ``[-clip, clip]``; None leaves them.
        eps: added to the std that is divided by, reward units, > 0: it keeps the noise of nearly equal rewards small.

    Raises:
        ValueError: shapes that do not fit, a reward that is not finite, unknown ``std``, ``clip`` or ``eps`` not > 0.
    """
    if std not in get_args(Std):
        raise ValueError(f"std={std!r}: choose one of {', '.join(get_args(Std))}")
    _check_positive(clip=clip, eps=eps)
    values, index, num_groups = _flatten(rewards, group_ids)
    centred, mean, group_std = _group_statistics(values, index, num_groups)
    divisor = group_std[index] if std == "group" else values.std(correction=0)
    advantages = centred / (divisor + eps)
    return _output(advantages, rewards.shape, clip, group_std == 0, mean, group_std)


def weighted_sum(components: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """``sum_k weight_k * reward_k``, float64, the shape of the components; to be given to ``group_advantages``.

    Args:
        components: reward name -> rewards, all of one shape.
        weights: reward name -> weight, for each of the components; 0 for one that is only logged.

    Raises:
        ValueError: no component, names or shapes that do not match, or no weight other than 0.
    """
    _check_components(components, weights)
    # A component of weight 0 is only watched: its nan must not reach the sum.
    return sum(weight * components[name].double() for name, weight in weights.items() if weight != 0)


def gdpo_advantages(
    components: Mapping[str, Tensor],
    weights: Mapping[str, float],
    group_ids: Tensor | None = None,
    *,
    clip: float | None = 5.0,
    eps: float = 1e-4,
) -> Advantages:
    """GDPO (arXiv 2601.05242): normalise each reward in its group, sum with weights, whiten over the batch.

    Unlike the advantage of the sum, a reward with a small spread counts as much as its weight says.

    Args:
        components, weights: as for ``weighted_sum``.
        group_ids, clip, eps: as for ``group_advantages``; ``eps`` is added to every std divided by.

    Raises:
        ValueError: as ``weighted_sum`` and ``group_advantages``.
    """
    _check_positive(clip=clip, eps=eps)
    total = weighted_sum(components, weights)
    values, index, num_groups = _flatten(total, group_ids)
    _, mean, group_std = _group_statistics(values, index, num_groups)
    advantages = torch.zeros_like(values)
    zero_groups = torch.ones(num_groups, dtype=torch.bool, device=values.device)
    for name, weight in weights.items():
        if weight == 0:
            continue
        centred, _, component_std = _group_statistics(components[name].double().flatten(), index, num_groups)
        advantages = advantages + weight * centred / (component_std[index] + eps)
        zero_groups &= component_std == 0
    # Every group has mean 0 by now and so has the batch: whitening has no mean left to subtract.
    whitened = advantages / (advantages.std(correction=0) + eps)
    return _output(whitened, total.shape, clip, zero_groups, mean, group_std)


def _flatten(rewards: Tensor, group_ids: Tensor | None) -> tuple[Tensor, Tensor, int]:
    """Rewards as ``[N]`` float64, the group index of each in ``[0, num_groups)``, and the number of groups."""
    if rewards.numel() == 0:
        raise ValueError("rewards is empty; expected at least one group")
    if not bool(rewards.isfinite().all()):
        num_bad = int((~rewards.isfinite()).sum())
        raise ValueError(f"{num_bad} of {rewards.numel()} rewards are not finite; a reward must score every sample")
    shape = tuple(rewards.shape)
    if group_ids is None:
        if rewards.ndim != 2:
            raise ValueError(f"rewards has shape {shape}; without group_ids expected [num_groups, group_size]")
        index = torch.arange(rewards.shape[0], device=rewards.device).repeat_interleave(rewards.shape[1])
        return rewards.double().flatten(), index, rewards.shape[0]
    if rewards.ndim != 1 or group_ids.shape != rewards.shape:
        raise ValueError(f"rewards {shape} and group_ids {tuple(group_ids.shape)} must both be [N]")
    ids, index = group_ids.to(rewards.device).unique(return_inverse=True)
    return rewards.double(), index, len(ids)


def _group_statistics(values: Tensor, index: Tensor, num_groups: int) -> tuple[Tensor, Tensor, Tensor]:
    """Values less their group mean ``[N]``; group mean and std ``[num_groups]``, std exactly 0 if all are equal."""

    def reduce(source: Tensor, how: str) -> Tensor:
        return source.new_zeros(num_groups).scatter_reduce(0, index, source, reduce=how, include_self=False)

    # Measured from the smallest value, equal rewards give exactly 0 instead of the rounding error of their mean.
    smallest = reduce(values, "amin")
    above = values - smallest[index]
    mean_above = reduce(above, "mean")
    centred = above - mean_above[index]
    return centred, smallest + mean_above, reduce(centred.square(), "mean").sqrt()


def _output(
    advantages: Tensor, shape: torch.Size, clip: float | None, zero_groups: Tensor, mean: Tensor, std: Tensor
) -> Advantages:
    if clip is not None:
        advantages = advantages.clamp(-clip, clip)
    return Advantages(advantages.float().reshape(shape), zero_groups, mean.float(), std.float())


def _check_positive(**values: float | None) -> None:
    for name, value in values.items():
        if value is not None and not value > 0:
            raise ValueError(f"{name}={value}: must be > 0")


def _check_components(components: Mapping[str, Tensor], weights: Mapping[str, float]) -> None:
    if components.keys() != weights.keys():
        raise ValueError(f"weights are for {sorted(weights)}, rewards are {sorted(components)}; give each one weight")
    if not any(weights.values()):
        raise ValueError(f"weights={dict(weights)}: at least one reward needs a weight other than 0")
    shapes = {name: tuple(rewards.shape) for name, rewards in components.items()}
    if len(set(shapes.values())) > 1:
        raise ValueError(f"components have different shapes: {shapes}")
