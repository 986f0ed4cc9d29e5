"""A trust-region threshold and the scale it is written on."""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal, get_args

Scale = Literal["mean", "nats", "tv"]


@dataclass(frozen=True, slots=True)
class Threshold:
    """A bound on how far one transition may move, on one of three scales.

    ``mean``: KL divided by the latent size, the scale of the published thresholds (1e-7 to 1e-5); it loosens with
    resolution. ``nats``: the KL itself. ``tv``: total variation in [0, 1), for two Gaussians of equal covariance
    ``TV = 2 Phi(sqrt(KL / 2)) - 1`` (Flow-DPPO Eq. 10), which means the same at every resolution.

    Raises:
        ValueError: unknown scale, or a value that is not positive (or, for ``tv``, not below 1).
    """

    value: float
    scale: Scale = "mean"

    def __post_init__(self) -> None:
        if self.scale not in get_args(Scale):
            raise ValueError(f"scale={self.scale!r}: choose one of {', '.join(get_args(Scale))}")
        if not (math.isfinite(self.value) and self.value > 0):
            raise ValueError(f"value={self.value}: a threshold must be finite and > 0")
        if self.scale == "tv" and self.value >= 1:
            raise ValueError(f"value={self.value}: total variation is always below 1; use a value in (0, 1)")

    def in_nats(self, num_dims: int) -> float:
        """The same bound on the summed KL, in nats, for latents of ``num_dims`` elements a sample."""
        if num_dims < 1:
            raise ValueError(f"num_dims={num_dims}: the latent size counts the elements of one sample, at least 1")
        match self.scale:
            case "mean":
                return self.value * num_dims
            case "nats":
                return self.value
            case "tv":
                return 2 * NormalDist().inv_cdf((1 + self.value) / 2) ** 2

    def in_mean(self, num_dims: int) -> float:
        """The same bound on the KL averaged over ``num_dims`` latent elements."""
        return self.in_nats(num_dims) / num_dims

    def in_tv(self, num_dims: int) -> float:
        """The same bound on the total variation of one transition, in [0, 1]."""
        return math.erf(math.sqrt(self.in_nats(num_dims)) / 2)
