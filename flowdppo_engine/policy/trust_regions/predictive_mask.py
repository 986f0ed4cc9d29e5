"""Flow-DPPO's predictive masks (App. E): where would this update leave the policy?

On the summed scale, in nats, with ``d = mean_new - mean_old``, ``g = next_sample - mean_new`` and the true importance
ratio r, the gradient of ``A r`` in ``mean_new`` is ``A r g / std^2``, and ``g . d = std^2 (log r - KL)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from flowdppo_engine.policy.trust_regions._checks import check_choice, check_positive
from flowdppo_engine.policy.trust_regions.base import (
    TrustRegion,
    TrustRegionOutput,
    kept_ratio,
    moves_away,
    summarise,
)

if TYPE_CHECKING:
    from torch import Tensor

    from flowdppo_engine.policy.movement import Movement


@dataclass(frozen=True, slots=True)
class PredictiveMask(TrustRegion):
    """Policy gradient without any clip, masked by what the update would do to the divergence.

    Attributes:
        threshold: KL on the mean scale, > 0.
        order: ``first`` drops a tile outside the ball whose update would raise the KL to first order (Eq. 26): unlike
            ``DivergenceMask`` it asks for the sign of ``log r - KL``, not of ``log r``. ``full`` drops a tile whose
            KL after the update, ``predict_kl_nats``, is above the threshold (Eq. 27), wherever it is now; a step that
            moves back but not far enough is dropped too.
        step_size: of ``full``: eta of Eq. 24, in squared units of the latent: the update is taken to move the mean
            by ``eta`` times the gradient of ``A r`` in it, with the true (summed) importance ratio r. The gradient of
            the loss is about 1 / D times that one, so the same step of the loss is ``eta * D``. The real step goes
            through the network's weights and the optimizer; eta stands for both, and no published value exists.
    """

    threshold: float
    order: Literal["first", "full"] = "first"
    step_size: float = 1e-4

    def __post_init__(self) -> None:
        check_positive(threshold=self.threshold, step_size=self.step_size)
        check_choice("order", self.order, ("first", "full"))

    @property
    def required_inputs(self) -> frozenset[str]:
        first = {"log_ratio", "kl"}
        return frozenset(first if self.order == "first" else first | {"residual", "std"})

    def _apply(self, movement: Movement, advantages: Tensor) -> TrustRegionOutput:
        log_ratio, kl = movement.log_ratio.detach(), movement.kl.detach()
        if self.order == "first":
            over_threshold = kl >= self.threshold
            # Both are means over the latent dims, so the sign is that of their sums.
            keep = ~(over_threshold & moves_away(log_ratio - kl, advantages))
        else:
            predicted = predict_kl_nats(movement, advantages, self.step_size)
            over_threshold = predicted > self.threshold * movement.num_latent_dims
            keep = ~over_threshold
        loss = -advantages * kept_ratio(movement.log_ratio, keep, otherwise=0.0)
        return TrustRegionOutput(loss, keep, summarise(advantages, keep, over_threshold))


def predict_kl_nats(movement: Movement, advantages: Tensor, step_size: float) -> Tensor:
    """KL(old || new) in nats after one gradient step on the mean, ``[B]``, detached: D_new of Flow-DPPO Eq. 24.

    Exact for ``mean_new + step_size * (gradient of A r in mean_new)``.

    Args:
        movement: with ``log_ratio``, ``kl``, ``residual`` and ``std``.
        advantages: ``[B]`` float32.
        step_size: eta, in squared units of the latent.
    """
    log_ratio, kl = movement.log_ratio_nats.detach(), movement.kl_nats.detach()
    variance = movement.std.square()
    # The update moves the mean by `scale * g`.
    scale = step_size * advantages * log_ratio.exp() / variance
    square_of_g = movement.residual * movement.num_latent_dims
    # Factored, so that a ratio that overflows predicts inf, not inf - inf.
    return kl + scale * (log_ratio - kl + scale * square_of_g / (2 * variance))
