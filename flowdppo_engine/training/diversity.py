"""How much the images of a group differ: a policy that collapses draws the same picture again and again."""

import torch
from torch.nn.functional import adaptive_avg_pool2d

SIDE = 32


def thumbnails(images: torch.Tensor) -> torch.Tensor:
    """Images `[B, 3, H, W]` or videos `[B, F, 3, H, W]` (0..1) as `[B, D]` fp32, averaged down to 32 x 32 pixels."""
    small = [min(SIDE, side) for side in images.shape[-2:]]
    return adaptive_avg_pool2d(images.flatten(0, -4), small).reshape(len(images), -1)


def pixel_spread(small: torch.Tensor, group_size: int) -> torch.Tensor:
    """`[groups]` fp32: root mean square distance between the pixels of two images of a group, in 0..1.

    Args:
        small: `[groups * group_size, D]`, by group.

    Over all pairs it is the root of twice the sample variance.
    """
    groups = small.view(-1, group_size, small.shape[1])
    # Seen from the group's first picture, so that one picture drawn again and again has no rounding for a spread.
    moved = groups - groups[:, :1]
    # Written out: `var` over an axis that is not the last is several times as slow.
    squares = (moved - moved.mean(dim=1, keepdim=True)).square().sum(dim=(1, 2))
    return (2 * squares / ((group_size - 1) * small.shape[1])).sqrt()
