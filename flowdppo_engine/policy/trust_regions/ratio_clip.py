"""PPO's clip, as Flow-GRPO and Flow-CPS use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from flowdppo_engine.policy.trust_regions._checks import check_clip_range
from flowdppo_engine.policy.trust_regions.base import TrustRegion, TrustRegionOutput, kept_ratio, summarise

if TYPE_CHECKING:
    from torch import Tensor

    from flowdppo_engine.policy.movement import Movement


@dataclass(frozen=True, slots=True)
class RatioClip(TrustRegion):
    """``max(-A r, -A clip(r, 1 - clip_range, 1 + clip_range))``, with the mean-reduced ratio.

    Attributes:
        clip_range: in (0, 1). Published values (1e-4, 4e-6) are for the mean-reduced ratio. Those of Flow-CPS are for
            a log-ratio without its ``1 / (2 std^2)``, which here stands in every log-ratio: divided by ``2 std^2``
            (1 to 1.7 over the noisy half of a grid) they are the same.
    """

    required_inputs: ClassVar[frozenset[str]] = frozenset({"log_ratio"})

    clip_range: float

    def __post_init__(self) -> None:
        check_clip_range(self.clip_range)

    def _apply(self, movement: Movement, advantages: Tensor) -> TrustRegionOutput:
        return clip_ratio(movement.log_ratio, advantages, self.clip_range)


def clip_ratio(log_ratio: Tensor, advantages: Tensor, clip_range: float) -> TrustRegionOutput:
    """PPO's clipped surrogate of any log-ratio ``[B]``; ``advantages`` ``[B]`` are constant."""
    # expm1 keeps the digits of r - 1 that r itself loses next to 1, where ranges of 1e-6 are decided.
    excess = log_ratio.detach().expm1()
    above, below = excess > clip_range, excess < -clip_range
    keep = ~((advantages > 0) & above | (advantages < 0) & below)
    clipped = 1 + excess.clamp(-clip_range, clip_range)
    loss = -advantages * kept_ratio(log_ratio, keep, otherwise=clipped)
    return TrustRegionOutput(loss, keep, summarise(advantages, keep, above | below))
