"""The two controls that steer themselves to a KL: a penalty with an adaptive weight, and an adaptive clip range.

Both follow PPO (arXiv 1707.06347, section 4): leave the knob while the KL reached is within a factor 1.5 of the
target, else turn it one notch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from flowdppo_engine.policy.trust_regions._checks import check_clip_range, check_positive
from flowdppo_engine.policy.trust_regions.base import TrustRegion, TrustRegionOutput, summarise
from flowdppo_engine.policy.trust_regions.ratio_clip import clip_ratio

if TYPE_CHECKING:
    from torch import Tensor

    from flowdppo_engine.policy.movement import Movement

TOLERANCE = 1.5
COEFFICIENT_NOTCH = 2.0
COEFFICIENT_BOUNDS = (1e-6, 1e6)
# The KL goes with the square of the clip range, so this notch is a factor of 2 in KL. One of 2 in the range would jump
# across the whole interval of tolerance, to and fro for ever.
CLIP_RANGE_NOTCH = math.sqrt(2)
CLIP_RANGE_BOUNDS = (1e-9, 0.5)


@dataclass(frozen=True, slots=True)
class KlPenalty(TrustRegion):
    """``-A r + coefficient * KL(old || new)``: PPO's explicit penalty; nothing is clipped or masked.

    Ratio and KL are both means over latent dims, so a coefficient weighs what it weighs in PPO.

    Attributes:
        target: KL on the mean scale that the coefficient is steered to, > 0.
        coefficient: weight of the KL, > 0.
        adaptive: double it where the KL reached is above 1.5 times the target, halve it below target / 1.5.
    """

    required_inputs: ClassVar[frozenset[str]] = frozenset({"log_ratio", "kl"})
    acts_without_advantage: ClassVar[bool] = True

    target: float
    coefficient: float = 1.0
    adaptive: bool = True

    def __post_init__(self) -> None:
        check_positive(target=self.target, coefficient=self.coefficient)

    def _apply(self, movement: Movement, advantages: Tensor) -> TrustRegionOutput:
        keep = advantages.new_ones(advantages.shape).bool()
        loss = -advantages * movement.log_ratio.exp() + self.coefficient * movement.kl
        metrics = summarise(advantages, keep, over_threshold=movement.kl.detach() >= self.target)
        return TrustRegionOutput(loss, keep, metrics | {"coefficient": loss.new_tensor(self.coefficient)})

    def adapted(self, kl_mean: float) -> KlPenalty:
        if not self.adaptive:
            return self
        notches = _notches(kl_mean, self.target)
        return replace(self, coefficient=_turned(self.coefficient, notches, COEFFICIENT_NOTCH, COEFFICIENT_BOUNDS))

    def state(self) -> dict[str, float]:
        return {"coefficient": self.coefficient}


@dataclass(frozen=True, slots=True)
class AdaptiveClip(TrustRegion):
    """PPO's clip of the mean-reduced ratio, its range steered to hold a KL.

    Attributes:
        target: KL on the mean scale that the clip range is steered to, > 0.
        clip_range: in (0, 1); divided by sqrt(2) where the KL reached is above 1.5 times the target, multiplied by it
            below target / 1.5.
    """

    required_inputs: ClassVar[frozenset[str]] = frozenset({"log_ratio"})

    target: float
    clip_range: float = 1e-4

    def __post_init__(self) -> None:
        check_positive(target=self.target)
        check_clip_range(self.clip_range)

    def _apply(self, movement: Movement, advantages: Tensor) -> TrustRegionOutput:
        output = clip_ratio(movement.log_ratio, advantages, self.clip_range)
        return replace(output, metrics=output.metrics | {"clip_range": output.loss.new_tensor(self.clip_range)})

    def adapted(self, kl_mean: float) -> AdaptiveClip:
        notches = -_notches(kl_mean, self.target)
        return replace(self, clip_range=_turned(self.clip_range, notches, CLIP_RANGE_NOTCH, CLIP_RANGE_BOUNDS))

    def state(self) -> dict[str, float]:
        return {"clip_range": self.clip_range}


def _notches(kl_mean: float, target: float) -> int:
    """How the knob that holds the policy back is to be turned: 1, -1, or 0; 0 too where the KL is nan."""
    return int(kl_mean > TOLERANCE * target) - int(kl_mean < target / TOLERANCE)


def _turned(value: float, notches: int, notch: float, bounds: tuple[float, float]) -> float:
    """A value that starts outside the bounds may come back, and goes no further out."""
    low, high = min(bounds[0], value), max(bounds[1], value)
    return min(max(value * notch**notches, low), high)
