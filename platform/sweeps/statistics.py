"""Mean and interval over seeds."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite, sqrt
from statistics import fmean, stdev

from scipy.special import stdtrit

CONFIDENCE = 0.95


@dataclass(frozen=True)
class SeedMean:
    """The mean over `num` seeds with its 95 % interval, by Student's t; of one seed there is no interval."""

    mean: float
    num: int
    half_width: float | None

    @property
    def low(self) -> float | None:
        return None if self.half_width is None else self.mean - self.half_width

    @property
    def high(self) -> float | None:
        return None if self.half_width is None else self.mean + self.half_width

    def overlaps(self, other: "SeedMean") -> bool:
        """Whether the two cannot be told apart: their intervals meet, or one of them has none."""
        if self.half_width is None or other.half_width is None:
            return True
        return self.low <= other.high and other.low <= self.high


def mean_over_seeds(values: Iterable[float | None]) -> SeedMean | None:
    """None where there is no value yet."""
    known = [float(value) for value in values if isinstance(value, int | float) and isfinite(value)]
    if not known:
        return None
    return SeedMean(fmean(known), len(known), _half_width(known))


def _half_width(values: list[float]) -> float | None:
    if len(values) < 2:
        return None
    quantile = float(stdtrit(len(values) - 1, (1 + CONFIDENCE) / 2))
    return quantile * stdev(values) / sqrt(len(values))
