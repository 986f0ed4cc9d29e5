"""GRPO-Guard (arXiv 2510.22319): PPO's clip of a ratio that is centred and has one scale at every denoising step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from flowdppo_engine.policy.trust_regions._checks import check_clip_range
from flowdppo_engine.policy.trust_regions.base import TrustRegion, TrustRegionOutput
from flowdppo_engine.policy.trust_regions.ratio_clip import clip_ratio

if TYPE_CHECKING:
    from torch import Tensor

    from flowdppo_engine.policy.movement import Movement


@dataclass(frozen=True, slots=True)
class RatioNormClip(TrustRegion):
    """PPO's clip of RatioNorm: ``log r' = std * (log r + KL)`` (GRPO-Guard Eq. 8), means over latent dims.

    With the noise eps of the action and ``d = mean_new - mean_old`` it is ``mean(eps * d)``: the drift of the
    log-ratio to the left is gone and so is the ``1 / std``. The std is that of the transition, so this holds for any
    SDE. The gradient flows through the KL too.

    Attributes:
        clip_range: in (0, 1), of the normalised ratio.
        dt_weight: multiply the loss of a tile by ``1 / dt`` (``dt = sigma - sigma_next``), as GRPO-Guard's own code
            does for every SDE: a change of velocity moves the mean in proportion to dt, so that late, long steps would
            weigh most. The paper's Eq. 12 has ``(1 + eta^2 (1 - t) / (2 t)) / dt`` for Dance-SDE, another factor of
            1.0 to 1.1 for t above 0.3 at its eta of 0.3; it is left out, so that one weight serves all.
    """

    required_inputs: ClassVar[frozenset[str]] = frozenset({"log_ratio", "kl", "std", "dt"})

    clip_range: float
    dt_weight: bool = True

    def __post_init__(self) -> None:
        check_clip_range(self.clip_range)

    def _apply(self, movement: Movement, advantages: Tensor) -> TrustRegionOutput:
        output = clip_ratio(normalised_log_ratio(movement), advantages, self.clip_range)
        return replace(output, loss=output.loss / movement.dt) if self.dt_weight else output


def normalised_log_ratio(movement: Movement) -> Tensor:
    """RatioNorm's log-ratio ``[B]``, differentiable."""
    return (movement.log_ratio + movement.kl) * movement.std
