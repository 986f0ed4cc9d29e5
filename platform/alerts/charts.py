"""The curves in question of an alert, for its page: small pictures, made here, with the moments marked.

A page may hold neither scripts nor styles of its own, and whoever opens a link on a phone should not have to load a
chart library for two lines.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from alerts.models import Alert
from runs.curves import read_curves
from runs.metric_names import title_of
from runs.models import Evaluation
from runs.selectors import STANDS

MOST_CHARTS = 4
WIDTH, HEIGHT = 380, 170
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 8, 24
NUM_TICKS = 4


@dataclass(frozen=True)
class Points:
    """A curve: `low` and `high` are the ends of the 95 % intervals, of evaluations."""

    title: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()


@dataclass(frozen=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True)
class Picture:
    """A curve in the coordinates of an SVG of WIDTH × HEIGHT. `moments` are places on the x axis, by name."""

    title: str
    line: str
    dots: list[tuple[float, float]]
    bars: list[tuple[float, float, float]]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    moments: dict[str, float]
    words: str

    width, height = WIDTH, HEIGHT
    left, right, top, bottom = LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM


def pictures_of(alert: Alert) -> list[Picture]:
    metrics = [curve for curve in alert.curves if isinstance(curve, str)]
    scores = [tuple(curve) for curve in alert.curves if not isinstance(curve, str)]
    curves = [*_metric_curves(alert, metrics), *_score_curves(alert, scores)]
    moments = {"now": alert.iteration, **({"then": alert.since} if 0 < alert.since < alert.iteration else {})}
    return [draw(points, moments) for points in curves if len(points.x)][:MOST_CHARTS]


def draw(points: Points, moments: dict[str, float]) -> Picture:
    """Lay the points, which are at least one, into the picture; the moments widen what it shows."""
    across = _Scale.over([*points.x, *moments.values()], LEFT, WIDTH - RIGHT)
    up = _Scale.over([*points.y, *points.low, *points.high], HEIGHT - BOTTOM, TOP, margin=0.06)
    places = [(across(x), up(y)) for x, y in zip(points.x, points.y, strict=True)]
    ends = [f"{points.y[end]:.4g} at iteration {points.x[end]:g}" for end in (0, -1)]
    intervals = zip(points.x, points.low, points.high, strict=True) if points.low else ()
    return Picture(
        title=points.title,
        line=" ".join(f"{x},{y}" for x, y in places),
        dots=places if points.low or len(places) == 1 else [],
        bars=[(across(x), up(low), up(high)) for x, low, high in intervals],
        x_ticks=across.ticks(),
        y_ticks=up.ticks(),
        moments={name: across(at) for name, at in moments.items()},
        words=f"{points.title}: {', '.join(ends)}",
    )


def nice_steps(low: float, high: float, count: int = NUM_TICKS) -> list[float]:
    """About `count` round numbers from `low` to `high`: multiples of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / count
    power = 10 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [round(number * step, 12) for number in range(first, math.floor(high / step + 1e-9) + 1)]


@dataclass(frozen=True)
class _Scale:
    """From values between `low` and `high` to places between `start` and `end`."""

    low: float
    high: float
    start: float
    end: float

    @classmethod
    def over(cls, values: Sequence[float], start: float, end: float, margin: float = 0.0) -> "_Scale":
        low, high = min(values), max(values)
        room = (high - low) * margin if high > low else abs(low) * 0.1 or 1.0
        return cls(low - room, high + room, start, end)

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self) -> list[Tick]:
        return [Tick(self(value), f"{value:g}") for value in nice_steps(self.low, self.high)]


def _metric_curves(alert: Alert, keys: list[str]) -> list[Points]:
    curves = read_curves({alert.run_id: 0}, keys).get(alert.run_id) if keys else None
    found = [(key, curves.by_key[key]) for key in keys if curves and key in curves.by_key]
    return [Points(title_of(key), curve.iterations, curve.values) for key, curve in found]


def _score_curves(alert: Alert, scores: list[tuple[str, str]]) -> list[Points]:
    if not scores:
        return []
    wanted = {prompt_set for prompt_set, _ in scores}
    rows = list(Evaluation.objects.filter(STANDS, run=alert.run_id, prompt_set__in=wanted).order_by("iteration"))
    return [_score_curve(rows, prompt_set, name) for prompt_set, name in scores]


def _score_curve(rows: list[Evaluation], prompt_set: str, name: str) -> Points:
    found = [
        (row.iteration, row.scores[name])
        for row in rows
        if row.prompt_set == prompt_set and row.scores.get(name, {}).get("mean") is not None
    ]
    columns = {key: [score[key] for _, score in found] for key in ("mean", "low", "high")}
    at = [iteration for iteration, _ in found]
    return Points(f"{name} on {prompt_set}", at, columns["mean"], columns["low"], columns["high"])
