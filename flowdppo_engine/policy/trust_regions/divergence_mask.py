"""Flow-DPPO: drop the updates that leave a ball of exact divergence around the old policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

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


class Measure(NamedTuple):
    """An attribute of ``Movement``, and the fields that it is made of."""

    name: str
    inputs: tuple[str, ...]


MEASURES = {
    "transition": Measure("kl", ("kl",)),
    "mean": Measure("mean_distance", ("kl", "std")),
    "velocity": Measure("velocity_distance", ("velocity_distance",)),
}


@dataclass(frozen=True, slots=True)
class DivergenceMask(TrustRegion):
    """Policy gradient without any clip, masked where the divergence has reached the threshold (Flow-DPPO Eq. 17, 18).

    Attributes:
        threshold: on the mean scale, > 0; ``Threshold.in_mean`` converts a KL from the other scales.
        asymmetric: drop only the updates that move further away, and let those that move back through (the method).
            False drops both, the ablation of the paper's Fig. 3, which stalls or collapses.
        measured_on: the KL of the transition (Eq. 18); or the mean squared difference of its means, unnormalised
            (Algorithm 1); or of the velocities, which no std scales (``v-based`` of the authors' teacher recipes).
    """

    threshold: float
    asymmetric: bool = True
    measured_on: Literal["transition", "mean", "velocity"] = "transition"

    def __post_init__(self) -> None:
        check_positive(threshold=self.threshold)
        check_choice("measured_on", self.measured_on, tuple(MEASURES))

    @property
    def required_inputs(self) -> frozenset[str]:
        return frozenset({"log_ratio", *MEASURES[self.measured_on].inputs})

    def _apply(self, movement: Movement, advantages: Tensor) -> TrustRegionOutput:
        divergence = getattr(movement, MEASURES[self.measured_on].name).detach()
        over_threshold = divergence >= self.threshold
        away = moves_away(movement.log_ratio.detach(), advantages)
        keep = ~(over_threshold & away if self.asymmetric else over_threshold)
        loss = -advantages * kept_ratio(movement.log_ratio, keep, otherwise=0.0)
        return TrustRegionOutput(loss, keep, summarise(advantages, keep, over_threshold))
