"""PPO's clip, as Flow-GRPO and Flow-CPS use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from flowdppo_engine.policy.trust_regions.base import TrustRegion, TrustRegionOutput, kept_ratio, summarise

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class RatioClip(TrustRegion):
    """``max(-A r, -A clip(r, 1 - clip_range, 1 + clip_range))``, with the mean-reduced ratio.

    Attributes:
        clip_range: in (0, 1). Published values (1e-4, 4e-6) are for the mean-reduced ratio.
    """

    required_inputs: ClassVar[frozenset[str]] = frozenset({"log_ratio", "advantages"})
    needs_stochastic_dynamics: ClassVar[bool] = True

    clip_range: float

    def __post_init__(self) -> None:
        if not 0 < self.clip_range < 1:
            raise ValueError(f"clip_range={self.clip_range}: must lie in (0, 1); for no clip choose 'none'")

    def _apply(self, log_ratio: Tensor, divergence: Tensor | None, advantages: Tensor) -> TrustRegionOutput:
        # expm1 keeps the digits of r - 1 that r itself loses next to 1, where ranges of 1e-6 are decided.
        excess = log_ratio.detach().expm1()
        above, below = excess > self.clip_range, excess < -self.clip_range
        keep = ~((advantages > 0) & above | (advantages < 0) & below)
        clipped = 1 + excess.clamp(-self.clip_range, self.clip_range)
        loss = -advantages * kept_ratio(log_ratio, keep, otherwise=clipped)
        return TrustRegionOutput(loss, keep, summarise(log_ratio, divergence, advantages, keep, above | below))
