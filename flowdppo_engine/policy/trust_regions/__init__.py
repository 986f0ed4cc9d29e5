"""Trust regions: small objects that turn log-ratio, divergence and advantage into a loss, chosen by name."""

from typing import Any

from flowdppo_engine.policy._registry import build
from flowdppo_engine.policy.trust_regions.base import TrustRegion, TrustRegionOutput
from flowdppo_engine.policy.trust_regions.divergence_mask import DivergenceMask
from flowdppo_engine.policy.trust_regions.ratio_clip import RatioClip
from flowdppo_engine.policy.trust_regions.unconstrained import Unconstrained

__all__ = [
    "TRUST_REGIONS",
    "DivergenceMask",
    "RatioClip",
    "TrustRegion",
    "TrustRegionOutput",
    "Unconstrained",
    "make_trust_region",
]

TRUST_REGIONS: dict[str, type[TrustRegion]] = {
    "divergence_mask": DivergenceMask,
    "ratio_clip": RatioClip,
    "none": Unconstrained,
}


def make_trust_region(name: str, **options: Any) -> TrustRegion:
    """Trust region by name: ``divergence_mask`` (threshold, asymmetric), ``ratio_clip`` (clip_range) or ``none``.

    Raises:
        ValueError: unknown name or option, missing option, or a value out of range.
    """
    return build("trust region", TRUST_REGIONS, name, options)
