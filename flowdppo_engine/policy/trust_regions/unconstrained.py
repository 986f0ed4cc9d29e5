"""No trust region: the importance-weighted policy gradient as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from flowdppo_engine.policy.trust_regions.base import TrustRegion, TrustRegionOutput, summarise

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Unconstrained(TrustRegion):
    """``-A r``: every tile is kept. The control that shows what a trust region buys."""

    required_inputs: ClassVar[frozenset[str]] = frozenset({"log_ratio", "advantages"})
    needs_stochastic_dynamics: ClassVar[bool] = True

    def _apply(self, log_ratio: Tensor, divergence: Tensor | None, advantages: Tensor) -> TrustRegionOutput:
        keep = log_ratio.new_ones(log_ratio.shape).bool()
        metrics = summarise(log_ratio, divergence, advantages, keep, over_threshold=~keep)
        return TrustRegionOutput(-advantages * log_ratio.exp(), keep, metrics)
