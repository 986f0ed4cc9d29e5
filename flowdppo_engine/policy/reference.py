"""The divergence from the reference policy that ``beta`` weighs, in the three forms that are in use."""

from typing import Literal

from torch import Tensor

from flowdppo_engine.policy import divergence
from flowdppo_engine.policy.dynamics import Transition

Measure = Literal["transition", "mean", "velocity"]


def reference_penalty(
    measure: Measure, velocity: Tensor, reference_velocity: Tensor, new: Transition, reference: Transition
) -> Tensor:
    """Divergence of each tile from the reference, a mean over latent dims, ``[B]`` float32, to be minimised.

    Differentiable in the new policy. It is added outside the trust region, which never masks it.

    Args:
        measure: ``transition``: ``mean((mu - mu_ref)^2) / (2 std^2)``, the KL of Flow-DPPO Eq. 17 with the std of the
            whole transition; ``mean``: ``mean((mu - mu_ref)^2)``, as Flow-DPPO's authors released it; ``velocity``:
            ``mean((v - v_ref)^2)``. A beta belongs to one of them.
        velocity, reference_velocity: ``[B, ...]``, at whatever guidance each of them runs.
        new, reference: the transitions made from them, from the same samples.

    Raises:
        ValueError: unknown measure, or shapes that do not fit.
    """
    match measure:
        case "transition":
            return divergence.gaussian_kl(reference.mean.detach(), new.mean, new.std)
        case "mean":
            return mean_square(new.mean, reference.mean)
        case "velocity":
            return mean_square(velocity, reference_velocity)
        case _:
            raise ValueError(f"measure={measure!r}: choose one of transition, mean, velocity")


def mean_square(new: Tensor, reference: Tensor) -> Tensor:
    """``mean((new - reference)^2)`` over the latent axes, ``[B]`` float32; the reference is constant.

    Raises:
        ValueError: shapes differ.
    """
    if new.shape != reference.shape:
        raise ValueError(f"shapes {tuple(new.shape)} and {tuple(reference.shape)} must agree")
    return (new.float() - reference.detach().float()).square().flatten(start_dim=1).mean(dim=1)
