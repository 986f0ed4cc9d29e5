"""No trust region: the importance-weighted policy gradient as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from flowdppo_engine.policy.trust_regions.base import TrustRegion, TrustRegionOutput, summarise

if TYPE_CHECKING:
    from torch import Tensor

    from flowdppo_engine.policy.movement import Movement


@dataclass(frozen=True, slots=True)
class Unconstrained(TrustRegion):
    """``-A r``: every tile is kept. The control that shows what a trust region buys."""

    required_inputs: ClassVar[frozenset[str]] = frozenset({"log_ratio"})

    def _apply(self, movement: Movement, advantages: Tensor) -> TrustRegionOutput:
        keep = advantages.new_ones(advantages.shape).bool()
        loss = -advantages * movement.log_ratio.exp()
        return TrustRegionOutput(loss, keep, summarise(advantages, keep, over_threshold=~keep))
