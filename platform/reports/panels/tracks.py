"""A metric of a run as points that can be drawn, and the mean of several that differ by their seed alone."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean

from runs.curves import NUM_BUCKETS, Curve
from sweeps.statistics import mean_over_seeds

# A longer curve comes as the lowest and the highest point of each bucket: stretches twice as long have both.
NUM_STRETCHES = NUM_BUCKETS // 2


@dataclass(frozen=True)
class Track:
    """`halves` are half the widths of the 95 % intervals of a mean; a single run has none."""

    iterations: list[float]
    xs: list[float]
    values: list[float]
    halves: list[float] = field(default_factory=list)

    def only(self, kept: Sequence[bool]) -> "Track":
        columns = (self.iterations, self.xs, self.values, self.halves)
        return Track(*([one for one, keep in zip(column, kept, strict=False) if keep] for column in columns))


def track_of(curve: Curve, xs: list[float], smoothing: float) -> Track:
    """Without what cannot be drawn: a run that goes wrong may write NaN."""
    drawn = Track(curve.iterations, xs, curve.values).only([math.isfinite(value) for value in curve.values])
    return replace(drawn, values=smooth(drawn.values, smoothing))


def smooth(values: list[float], weight: float) -> list[float]:
    """An exponential mean that does not begin at zero: Σ wⁱ·v(t−i) / Σ wⁱ."""
    if not weight:
        return values
    smoothed, total, norm = [], 0.0, 0.0
    for value in values:
        total, norm = total * weight + value, norm * weight + 1.0
        smoothed.append(total / norm)
    return smoothed


def mean_track(seeds: Sequence[Track]) -> Track | None:
    """Mean and interval where at least two seeds have come to; None where they never do.

    Up to `NUM_BUCKETS` iterations, at the very same ones. Of longer curves the mean of a seed's points in each of
    `NUM_STRETCHES` stretches stands for it.
    """
    start = min(seed.iterations[0] for seed in seeds)
    span = max(seed.iterations[-1] for seed in seeds) - start + 1
    width = 1 if span <= NUM_BUCKETS else math.ceil(span / NUM_STRETCHES)
    met: dict[int, list[tuple[float, float, float]]] = defaultdict(list)
    for seed in seeds:
        for stretch, point in _stretches(seed, start, width):
            met[stretch].append(point)
    points = [tuple(zip(*met[stretch], strict=True)) for stretch in sorted(met) if len(met[stretch]) > 1]
    if not points:
        return None
    means = [mean_over_seeds(values) for _, _, values in points]
    return Track(
        [fmean(iterations) for iterations, _, _ in points],
        [fmean(xs) for _, xs, _ in points],
        [one.mean for one in means],
        [one.half_width for one in means],
    )


def _stretches(seed: Track, start: float, width: int) -> Iterator[tuple[int, tuple[float, float, float]]]:
    """By its number, the mean iteration, place and value of the seed's points in a stretch."""
    found = defaultdict(list)
    for point in zip(seed.iterations, seed.xs, seed.values, strict=True):
        found[int((point[0] - start) // width)].append(point)
    for stretch, points in found.items():
        yield stretch, tuple(map(fmean, zip(*points, strict=True)))
