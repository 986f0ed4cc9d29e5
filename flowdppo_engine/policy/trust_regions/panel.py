"""What every trust region would have blocked: all of them, each at its paper's setting, judge the same tiles.

Published settings are for latents of 65,536 elements (512 x 512 pixels of SD3.5 and FLUX.1). They are converted so
that they mean the same movement, in nats and total variation, at another size: the KL of a threshold is a mean over
the latent dims, and so is the log-ratio of a clip range.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flowdppo_engine.policy.trust_regions.base import TrustRegion
from flowdppo_engine.policy.trust_regions.divergence_mask import DivergenceMask
from flowdppo_engine.policy.trust_regions.predictive_mask import PredictiveMask
from flowdppo_engine.policy.trust_regions.ratio_clip import RatioClip
from flowdppo_engine.policy.trust_regions.ratio_norm_clip import RatioNormClip

if TYPE_CHECKING:
    from torch import Tensor

    from flowdppo_engine.policy.movement import Movement

PUBLISHED_NUM_LATENT_DIMS = 65_536
THRESHOLDS = {"flow_sde": 1e-7, "dance_sde": 1e-7, "cps": 1e-6}  # Flow-DPPO App. F; it has none for Dance-SDE
VELOCITY_THRESHOLD = 1e-6  # teacher recipes of Flow-DPPO's authors
CLIP_RANGE = 1e-4  # Flow-GRPO and Flow-CPS in Flow-DPPO App. F
RATIO_NORM_CLIP_RANGE = 4e-6  # GRPO-Guard in Flow-DPPO App. F
STEP_SIZE = 1e-4  # of the predicted divergence; nothing is published, this is the configuration's default
LARGEST_CLIP_RANGE = 0.99


def make_panel(dynamics: str, num_latent_dims: int) -> dict[str, TrustRegion]:
    """The trust regions that can block a tile, by name.

    Args:
        dynamics: ``flow_sde``, ``dance_sde`` or ``cps``.
        num_latent_dims: elements of one sample.

    Raises:
        ValueError: dynamics without a log-ratio.
    """
    if dynamics not in THRESHOLDS:
        raise ValueError(f"dynamics={dynamics!r} has no ratio to judge: choose one of {', '.join(THRESHOLDS)}")
    scale = PUBLISHED_NUM_LATENT_DIMS / num_latent_dims
    threshold = THRESHOLDS[dynamics] * scale
    # The mean moves by eta times a gradient whose norm goes with the root of the latent size.
    step_size = STEP_SIZE * scale**0.5
    return {
        "divergence_mask": DivergenceMask(threshold),
        "divergence_mask_symmetric": DivergenceMask(threshold, asymmetric=False),
        "divergence_mask_velocity": DivergenceMask(VELOCITY_THRESHOLD * scale, measured_on="velocity"),
        "predictive_mask_first": PredictiveMask(threshold),
        "predictive_mask_full": PredictiveMask(threshold, order="full", step_size=step_size),
        "ratio_clip": RatioClip(min(CLIP_RANGE * scale, LARGEST_CLIP_RANGE)),
        "ratio_norm_clip": RatioNormClip(min(RATIO_NORM_CLIP_RANGE * scale, LARGEST_CLIP_RANGE)),
    }


def would_block(dynamics: str, movement: Movement, advantages: Tensor) -> dict[str, Tensor]:
    """Which tiles each trust region of ``make_panel`` would have blocked: name -> ``[B]`` bool. No gradient.

    Args:
        dynamics: as for ``make_panel``.
        movement: of B tiles; needs no forward pass beyond the one that the update made.
        advantages: ``[B]``.
    """
    movement = movement.detach()
    judged = {"ratio_clip": _with_released_cps_ratio(movement)} if dynamics == "cps" else {}
    return {
        name: ~region(judged.get(name, movement), advantages).keep
        for name, region in make_panel(dynamics, movement.num_latent_dims).items()
    }


def _with_released_cps_ratio(movement: Movement) -> Movement:
    """Flow-CPS's clip range was set for a log-ratio that lacks the ``1 / (2 std^2)``."""
    return replace(movement, log_ratio=movement.log_ratio * 2 * movement.std.square())
