"""Trust regions: small objects that turn a movement of the policy and advantages into a loss, chosen by name."""

from typing import Any

from flowdppo_engine.policy._registry import build
from flowdppo_engine.policy.trust_regions.adaptive import AdaptiveClip, KlPenalty
from flowdppo_engine.policy.trust_regions.base import TrustRegion, TrustRegionOutput
from flowdppo_engine.policy.trust_regions.divergence_mask import DivergenceMask
from flowdppo_engine.policy.trust_regions.predictive_mask import PredictiveMask
from flowdppo_engine.policy.trust_regions.ratio_clip import RatioClip
from flowdppo_engine.policy.trust_regions.ratio_norm_clip import RatioNormClip
from flowdppo_engine.policy.trust_regions.unconstrained import Unconstrained

__all__ = [
    "TRUST_REGIONS",
    "AdaptiveClip",
    "DivergenceMask",
    "KlPenalty",
    "PredictiveMask",
    "RatioClip",
    "RatioNormClip",
    "TrustRegion",
    "TrustRegionOutput",
    "Unconstrained",
    "make_trust_region",
]

TRUST_REGIONS: dict[str, type[TrustRegion]] = {
    "divergence_mask": DivergenceMask,
    "predictive_mask": PredictiveMask,
    "ratio_clip": RatioClip,
    "ratio_norm_clip": RatioNormClip,
    "kl_penalty": KlPenalty,
    "adaptive_clip": AdaptiveClip,
    "none": Unconstrained,
}


def make_trust_region(name: str, **options: Any) -> TrustRegion:
    """Trust region by name, with the options of its class: those of its block of the configuration.

    Thresholds and targets are floats on the mean scale (``Threshold.in_mean``).

    Raises:
        ValueError: unknown name or option, missing option, or a value out of range.
    """
    return build("trust region", TRUST_REGIONS, name, options)
