"""A logarithmic axis: places by the decade, and marks at its round numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from runs import scatter
from runs.scatter import Axis, Tick

# Of each decade; where there are more than so many decades, only some of them are marked.
ROUND = (1, 2, 5)
MOST_MARKS = 7


@dataclass(frozen=True)
class LogAxis(Axis):
    """`low` is above 0."""

    def place(self, value: float) -> float:
        low, high = math.log10(self.low), math.log10(self.high)
        share = (math.log10(min(max(value, self.low), self.high)) - low) / (high - low)
        return round(self.begin + share * (self.end - self.begin), 1)


def upward(values: Sequence[float]) -> LogAxis:
    """From the round number below the smallest to the one above the largest; all of `values` are above 0."""
    low, high = _below(min(values)), _above(max(values))
    if low == high:
        low, high = _below(low * 0.99), _above(high * 1.01)
    bare = LogAxis(low, high, scatter.HEIGHT - scatter.BOTTOM, scatter.TOP, [])
    ticks = [Tick(bare.place(mark), _text(mark)) for mark in _marks(low, high)]
    return LogAxis(low, high, bare.begin, bare.end, ticks)


def _marks(low: float, high: float) -> list[float]:
    """As many as there is room for: 1, 2 and 5 of each decade, or powers of ten, or every so many of those."""
    decades = range(_decade(low), _decade(high) + 1)
    marks = [mark for ten in decades for step in ROUND if low <= (mark := _number(step, ten)) <= high]
    if len(marks) <= MOST_MARKS:
        return marks
    tens = [mark for ten in decades if low <= (mark := _number(1, ten)) <= high]
    return tens[:: math.ceil(len(tens) / MOST_MARKS)]


def _below(value: float) -> float:
    ten = _decade(value)
    return max(mark for step in ROUND if (mark := _number(step, ten)) <= value)


def _above(value: float) -> float:
    ten = _decade(value)
    return min(mark for step in (*ROUND, 10) if (mark := _number(step, ten)) >= value)


def _decade(value: float) -> int:
    # 1000's logarithm is not quite 3.
    ten = math.floor(math.log10(value))
    return ten + 1 if _number(1, ten + 1) <= value else ten


def _number(step: int, ten: int) -> float:
    return float(f"{step}e{ten}")


def _text(mark: float) -> str:
    if 1e-4 <= mark < 1e6:
        return f"{mark:.10f}".rstrip("0").rstrip(".")
    digits, _, power = f"{mark:.0e}".partition("e")
    return f"{digits}e{int(power)}".replace("-", "−")
