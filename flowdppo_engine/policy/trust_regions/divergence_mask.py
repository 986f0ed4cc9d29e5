"""Flow-DPPO: drop the updates that leave a ball of exact divergence around the old policy."""

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
class DivergenceMask(TrustRegion):
    """Policy gradient without any clip, masked where the divergence has reached the threshold (Flow-DPPO Eq. 17, 18).

    Attributes:
        threshold: on the mean scale, > 0; ``Threshold.in_mean`` converts a KL from the other scales.
        asymmetric: drop only the updates that move further away, and let those that move back through (the method).
            False drops both, the ablation of the paper's Fig. 3, which stalls or collapses.
        measured_on: the KL of the transition, or the mean squared difference of the velocities, which no std scales
            (``v-based`` of the authors' teacher recipes).
    """

    threshold: float
    asymmetric: bool = True
    measured_on: Literal["transition", "velocity"] = "transition"

    def __post_init__(self) -> None:
        check_positive(threshold=self.threshold)
        check_choice("measured_on", self.measured_on, ("transition", "velocity"))

    @property
    def required_inputs(self) -> frozenset[str]:
        return frozenset({"log_ratio", self._measure})

    @property
    def _measure(self) -> str:
        return "kl" if self.measured_on == "transition" else "velocity_distance"

    def _apply(self, movement: Movement, advantages: Tensor) -> TrustRegionOutput:
        over_threshold = getattr(movement, self._measure).detach() >= self.threshold
        away = moves_away(movement.log_ratio.detach(), advantages)
        keep = ~(over_threshold & away if self.asymmetric else over_threshold)
        loss = -advantages * kept_ratio(movement.log_ratio, keep, otherwise=0.0)
        return TrustRegionOutput(loss, keep, summarise(advantages, keep, over_threshold))
