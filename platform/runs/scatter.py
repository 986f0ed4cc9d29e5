"""Points on two axes as an SVG can draw them: places in its own units, and round numbers along the axes.

Drawn by the server, a picture needs no script, and prints and themes as text does.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 480, 280
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 12, 40
NUM_TICKS = 5
STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True)
class Tick:
    at: float
    text: str


@dataclass(frozen=True)
class Axis:
    """From `low` to `high` in its values, from `begin` to `end` in the picture's units."""

    low: float
    high: float
    begin: float
    end: float
    ticks: list[Tick]

    def place(self, value: float) -> float:
        """Where a value stands; what lies outside stands at the edge."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(self.begin + share * (self.end - self.begin), 1)


def across(values: Sequence[float]) -> Axis:
    return _axis(values, LEFT, WIDTH - RIGHT)


def upward(values: Sequence[float]) -> Axis:
    return _axis(values, HEIGHT - BOTTOM, TOP)


def _axis(values: Sequence[float], begin: float, end: float) -> Axis:
    low, high = min(values), max(values)
    if high - low <= 1e-9 * max(abs(high), abs(low), 1e-300):
        low, high = low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2
    step = _step((high - low) / NUM_TICKS)
    low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    bare = Axis(low, high, begin, end, [])
    marks = [low + number * step for number in range(round((high - low) / step) + 1)]
    return Axis(low, high, begin, end, [Tick(bare.place(mark), _text(mark, step)) for mark in marks])


def _step(least: float) -> float:
    """The smallest round number that is no less."""
    size = 10.0 ** math.floor(math.log10(least))
    return next(size * step for step in STEPS if size * step >= least * (1 - 1e-9))


def _text(mark: float, step: float) -> str:
    if not 1e-4 <= step < 1e6:
        return _power(f"{mark:.3g}") if abs(mark) > step / 2 else "0"
    decimals = max(0, math.ceil(-math.log10(step) - 1e-9) + (1 if f"{step:e}".startswith("2.5") else 0))
    return f"{mark + 0.0:.{decimals}f}".replace("-", "−")


def _power(text: str) -> str:
    """As one writes it: 6e−5."""
    return text.replace("e-0", "e-").replace("e+0", "e").replace("e+", "e").replace("-", "−")
