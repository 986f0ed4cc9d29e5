"""Flow-DPPO: drop the updates that leave a ball of exact divergence around the old policy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from flowdppo_engine.policy.trust_regions.base import (
    TrustRegion,
    TrustRegionOutput,
    kept_ratio,
    moves_away,
    summarise,
)

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class DivergenceMask(TrustRegion):
    """Policy gradient without any clip, masked where the divergence has reached the threshold (Flow-DPPO Eq. 17, 18).

    Attributes:
        threshold: KL on the mean scale, > 0; ``Threshold.in_mean`` converts from the other scales.
        asymmetric: drop only the updates that move further away, and let those that move back through (the method).
            False drops both, the ablation of the paper's Fig. 3, which stalls or collapses.
    """

    required_inputs: ClassVar[frozenset[str]] = frozenset({"log_ratio", "divergence", "advantages"})
    needs_stochastic_dynamics: ClassVar[bool] = True

    threshold: float
    asymmetric: bool = True

    def __post_init__(self) -> None:
        if not (math.isfinite(self.threshold) and self.threshold > 0):
            raise ValueError(f"threshold={self.threshold}: must be finite and > 0; for no trust region choose 'none'")

    def _apply(self, log_ratio: Tensor, divergence: Tensor, advantages: Tensor) -> TrustRegionOutput:
        over_threshold = divergence >= self.threshold
        drop = over_threshold & moves_away(log_ratio.detach(), advantages) if self.asymmetric else over_threshold
        keep = ~drop
        loss = -advantages * kept_ratio(log_ratio, keep, otherwise=0.0)
        return TrustRegionOutput(loss, keep, summarise(log_ratio, divergence, advantages, keep, over_threshold))
