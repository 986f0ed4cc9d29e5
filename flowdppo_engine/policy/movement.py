"""How far the policy has moved from the old one at the tiles (sample, denoising step) of a batch.

B is the number of tiles; D the latent size, the number of elements of one sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from flowdppo_engine.policy import divergence
from flowdppo_engine.policy.dynamics import Transition


@dataclass(frozen=True, slots=True, eq=False)
class Movement:
    """The old and the new policy compared at one action of the old policy a tile; tensors are ``[B]`` float32.

    Attributes:
        log_ratio: log of new over old density at the action, mean over latent dims; carries a gradient.
        kl: KL(old || new) of the transition, mean over latent dims; carries a gradient.
        total_variation: of the transition, in [0, 1].
        velocity_distance: ``mean((v_new - v_old)^2)``.
        residual: ``mean((next_sample - mean_new)^2)``; times D it is ``||g||^2`` of Flow-DPPO App. E.
        std: standard deviation of the transition, > 0.
        dt: ``sigma - sigma_next``, > 0.
        num_latent_dims: D.
    """

    log_ratio: Tensor
    kl: Tensor
    total_variation: Tensor
    velocity_distance: Tensor
    residual: Tensor
    std: Tensor
    dt: Tensor
    num_latent_dims: int

    @property
    def log_ratio_nats(self) -> Tensor:
        """Log of the true importance ratio (Flow-DPPO Eq. 6), ``[B]``."""
        return self.log_ratio * self.num_latent_dims

    @property
    def mean_distance(self) -> Tensor:
        """``mean((mean_new - mean_old)^2)``, ``[B]``: the KL without its ``1 / (2 std^2)``."""
        return 2 * self.std.square() * self.kl

    @property
    def kl_nats(self) -> Tensor:
        """KL of the transition in nats (Flow-DPPO Eq. 14), ``[B]``."""
        return self.kl * self.num_latent_dims

    def detach(self) -> Movement:
        """The same numbers without the graph that they came from."""
        return Movement(*(getattr(self, name).detach() for name in _TENSORS), num_latent_dims=self.num_latent_dims)

    def cpu(self) -> Movement:
        """The same numbers on the CPU."""
        return Movement(*(getattr(self, name).cpu() for name in _TENSORS), num_latent_dims=self.num_latent_dims)

    @classmethod
    def cat(cls, movements: Sequence[Movement]) -> Movement:
        """Several batches (at least one) of one latent size behind one another.

        Raises:
            ValueError: the latent sizes differ.
        """
        sizes = {movement.num_latent_dims for movement in movements}
        if len(sizes) != 1:
            raise ValueError(f"num_latent_dims are {sorted(sizes)}: movements of one latent size can be joined")
        return cls(
            *(torch.cat([getattr(movement, name) for movement in movements]) for name in _TENSORS),
            num_latent_dims=sizes.pop(),
        )


_TENSORS = tuple(field.name for field in fields(Movement) if field.name != "num_latent_dims")


def measure_movement(
    old: Transition,
    new: Transition,
    next_sample: Tensor,
    old_velocity: Tensor,
    new_velocity: Tensor,
    dt: Tensor | float,
) -> Movement:
    """Compare the new policy with the old one at the action ``next_sample``.

    Args:
        old, new: transitions of the two policies from the same samples, means ``[B, ...]``; the std is theirs.
        next_sample: ``[B, ...]`` float32, drawn from the old policy.
        old_velocity, new_velocity: ``[B, ...]``, what the means were made from, any floating dtype.
        dt: ``sigma - sigma_next`` > 0: one value, or ``[B]``.

    Raises:
        ValueError: shapes do not fit.
    """
    num_tiles, std = len(new.mean), new.std
    if old_velocity.shape != new_velocity.shape or len(new_velocity) != num_tiles:
        raise ValueError(
            f"velocities {tuple(old_velocity.shape)} and {tuple(new_velocity.shape)} do not fit {num_tiles} tiles"
        )
    log_ratio = divergence.log_ratio(next_sample, old.mean, new.mean, std)
    kl = divergence.gaussian_kl(old.mean, new.mean, std)
    with torch.no_grad():
        return Movement(
            log_ratio=log_ratio,
            kl=kl,
            total_variation=divergence.total_variation(old.mean, new.mean, std),
            velocity_distance=_mean_square(new_velocity.float() - old_velocity.float()),
            residual=_mean_square(next_sample.float() - new.mean),
            std=_per_tile(std, log_ratio),
            dt=_per_tile(torch.as_tensor(dt), log_ratio),
            num_latent_dims=new.mean[0].numel(),
        )


def _mean_square(difference: Tensor) -> Tensor:
    return difference.square().flatten(start_dim=1).mean(dim=1)


def _per_tile(values: Tensor, like: Tensor) -> Tensor:
    """One value or ``[B]`` as ``[B]`` float32 on the device of ``like`` ``[B]``."""
    if values.numel() != 1 and values.shape != like.shape:
        raise ValueError(f"shape {tuple(values.shape)}: expected one value, or one of each of the {len(like)} tiles")
    return values.to(like).reshape(-1).expand_as(like)
