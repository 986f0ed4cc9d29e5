"""Did a series rise or fall, beyond what its own noise explains? Straight lines and Student's t."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

ALPHA = 0.001
"""How often a series without a trend is taken for one that rises (or, as often, for one that falls)."""
MIN_POINTS = 8
MIN_PROMPTS = 8


@dataclass(frozen=True)
class Trend:
    """The change over a window, its standard error and degrees of freedom, and where the line begins."""

    change: float
    error: float
    freedom: int
    start: float

    @property
    def rises(self) -> bool:
        return self.change > 0 and self._chance() <= ALPHA

    @property
    def falls(self) -> bool:
        return self.change < 0 and self._chance() <= ALPHA

    def _chance(self) -> float:
        """Of a change at least as far in its direction, were there none: P(T > |change| / error)."""
        if self.error == 0:
            return 0.0
        return float(stdtr(self.freedom, -abs(self.change) / self.error))


def line_trend(at: Sequence[float], values: Sequence[float]) -> Trend | None:
    """The least-squares line through `values` `[n]` at `at` `[n]`; None for fewer than MIN_POINTS.

    With x centred, the slope is b = Σxy / Σx², its standard error s / sqrt(Σx²) with s² = Σ(residual²) / (n − 2). The
    change is b times the width of the window. The noise of one point is to be independent of the next one's.
    """
    x, y = np.asarray(at, float), np.asarray(values, float)
    if len(x) < MIN_POINTS or x[-1] == x[0]:
        return None
    centred = x - x.mean()
    squares = float(centred @ centred)
    slope = float(centred @ y) / squares
    residuals = y - y.mean() - slope * centred
    noise = math.sqrt(max(0.0, float(residuals @ residuals)) / (len(x) - 2))
    width = x[-1] - x[0]
    return Trend(slope * width, width * noise / math.sqrt(squares), len(x) - 2, float(y.mean() + slope * centred[0]))


@dataclass(frozen=True)
class PairedTrend(Trend):
    """The trend of a score's mean over prompts. `spread` is the standard deviation between prompts at the start."""

    spread: float


def paired_trend(at: Sequence[float], scores: Sequence[Sequence[float | None]]) -> PairedTrend | None:
    """How the mean over prompts changes from the first evaluation to the last, from all of them.

    `scores` is `[evaluations, prompts]`; each prompt is drawn from the same noise every time, so it is its own
    control: the slope of each prompt's line is one observation, and the standard error is that of their mean. None
    where the evaluations are not of the same prompts, or of fewer than MIN_PROMPTS with a value each time.
    """
    if len({len(row) for row in scores}) != 1:
        return None
    table = np.array([[np.nan if value is None else value for value in row] for row in scores], float)
    table = table[:, np.isfinite(table).all(axis=0)]
    x = np.asarray(at, float)
    if table.shape[1] < MIN_PROMPTS or x[-1] == x[0]:
        return None
    centred = x - x.mean()
    changes = (centred @ table) / float(centred @ centred) * (x[-1] - x[0])
    change, prompts = float(changes.mean()), len(changes)
    error = float(changes.std(ddof=1)) / math.sqrt(prompts)
    return PairedTrend(change, error, prompts - 1, float(table[0].mean()), float(table[0].std(ddof=1)))
