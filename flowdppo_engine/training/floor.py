"""The on-policy noise floor: how far a policy that has not moved seems to have moved.

Rollout and update pass the same images through the same weights, in other batches. Whatever ratio and KL that alone
gives is the smallest movement that a trust region can see.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass

from flowdppo_engine.config import RunConfig
from flowdppo_engine.policy.movement import Movement
from flowdppo_engine.policy.thresholds import Threshold

SHARE_OF_THRESHOLD = 0.1


@dataclass(frozen=True)
class Floor:
    """`kl_mean`: KL as a mean over latent dimensions; `ratio_deviation`: the largest |ratio - 1|.

    `mean_distance`, `velocity_distance`: mean squared difference of the means and of the velocities.
    """

    kl_mean: float
    ratio_deviation: float
    mean_distance: float
    velocity_distance: float

    @classmethod
    def of(cls, movement: Movement) -> "Floor":
        """What `movement`, of a policy that has not moved, reads."""
        return cls(
            float(movement.kl.double().mean()),
            float(movement.log_ratio.double().expm1().abs().max()),
            float(movement.mean_distance.double().mean()),
            float(movement.velocity_distance.double().mean()),
        )

    @classmethod
    def highest(cls, floors: Iterable["Floor"]) -> "Floor":
        """Each number as it is where it is highest, of several processes."""
        columns = zip(*map(astuple, floors), strict=True)
        return cls(*map(max, columns))


def explain_high_floor(floor: Floor, config: RunConfig, num_latent_dims: int) -> str | None:
    """What to tell where the floor is above a tenth of what the trust region looks for; None where it is not."""
    name, seen, limit = _compared(floor, config, num_latent_dims)
    if limit is None or seen <= SHARE_OF_THRESHOLD * limit:
        return None
    return (
        f"The on-policy noise floor is {seen:.1e} in {name}, above a tenth of the trust region's {limit:.1e}: the old "
        "policy is computed anew before each update, which costs one more forward pass. To save it, use "
        "update.tile_samples = rollout.batch_size, or model.dtype = float32."
    )


def _compared(floor: Floor, config: RunConfig, num_latent_dims: int) -> tuple[str, float, float | None]:
    """What is compared, as it was seen, and what the trust region sets as its limit."""
    region = config.trust_region
    if hasattr(region, "clip_range"):
        return "|ratio - 1|", floor.ratio_deviation, region.clip_range
    match getattr(region, "measured_on", "transition"):
        case "mean":
            return "squared difference of means", floor.mean_distance, region.threshold.value
        case "velocity":
            return "squared difference of velocities", floor.velocity_distance, region.threshold.value
    bound = getattr(region, "threshold", None) or getattr(region, "target", None)
    limit = Threshold(bound.value, bound.scale).in_mean(num_latent_dims) if bound else None
    return "KL (mean over latent dimensions)", floor.kl_mean, limit
