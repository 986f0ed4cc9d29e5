"""The on-policy noise floor: how far a policy that has not moved seems to have moved.

Rollout and update pass the same images through the same weights, in other batches. Whatever ratio and KL that alone
gives is the smallest movement that a trust region can see.
"""

import torch

from flowdppo_engine.config import DivergenceMaskConfig, RatioClipConfig, TrustRegionConfig
from flowdppo_engine.policy.divergence import Threshold
from flowdppo_engine.training.diagnostics import measure_movement
from flowdppo_engine.training.parts import Tile
from flowdppo_engine.training.update import PolicyUpdate, UpdateBatch

SHARE_OF_THRESHOLD = 0.1


@torch.no_grad()
def measure_floor(update: PolicyUpdate, batch: UpdateBatch, num_rows: int) -> dict[str, float]:
    """`floor/ratio_deviation` (largest |ratio - 1|) and `floor/kl_mean` of one tile, before any optimizer step."""
    num_images = len(batch.advantages)
    # Every image's place in the batch changes, as it does in an update.
    rows = torch.arange(num_images).flip(0)[:num_rows]
    tile = Tile(rows, (0,))
    new, old_mean = update.forward(batch, tile)
    movement = measure_movement(old_mean, new, batch.records[0].next_sample[rows])
    return {
        "floor/ratio_deviation": float(movement.log_ratio.double().expm1().abs().max()),
        "floor/kl_mean": float(movement.kl.mean()),
    }


def warning_of(floor: dict[str, float], trust_region: TrustRegionConfig, num_latent_dims: int) -> str | None:
    """What to say where the floor is above a tenth of the trust region's threshold."""
    match trust_region:
        case DivergenceMaskConfig(threshold=threshold):
            limit = Threshold(threshold.value, threshold.scale).in_mean(num_latent_dims)
            name, seen = "KL (mean over latent dimensions)", floor["floor/kl_mean"]
        case RatioClipConfig(clip_range=limit):
            name, seen = "|ratio - 1|", floor["floor/ratio_deviation"]
        case _:
            return None
    if seen <= SHARE_OF_THRESHOLD * limit:
        return None
    return (
        f"The on-policy noise floor is {seen:.1e} in {name}, above a tenth of the trust region's {limit:.1e}: part of "
        "what it blocks is rounding. Use update.tile_samples = rollout.batch_size, or model.dtype = float32."
    )
