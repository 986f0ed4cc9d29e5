"""The sigma shift of the families that look at an image's size."""

from diffusers.configuration_utils import FrozenDict
from diffusers.pipelines.flux.pipeline_flux import calculate_shift


def shift_by_length(scheduler: FrozenDict, num_tokens: int) -> float:
    """The scheduler's `mu`: linear in how many tokens the image has, through the two points that its config gives."""
    return calculate_shift(
        num_tokens,
        scheduler.base_image_seq_len,
        scheduler.max_image_seq_len,
        scheduler.base_shift,
        scheduler.max_shift,
    )
