"""Curves of metrics, a chart for each, with every run in it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from reports.drawings import Charts, Drawing, Gap, Key, Line, Plot, color_of
from reports.reading import Reading
from reports.scope import Scope
from runs import scatter
from runs.curves import Curve, RunCurves, read_curves
from runs.metric_names import KL_TO_BASE, REWARD, title_of
from runs.models import Run

MOST_RUNS, MOST_METRICS = 24, 12
ITERATION, STEP = "iteration", "step"
X_TITLES = {ITERATION: "Iteration", STEP: "Optimizer step"}


@dataclass(frozen=True)
class Curves:
    runs: tuple[UUID, ...]
    metrics: tuple[str, ...]
    x: str = ITERATION
    smoothing: float = 0.0
    title: str = ""

    @classmethod
    def read(cls, reading: Reading) -> "Curves":
        return cls(
            runs=reading.runs("runs", MOST_RUNS),
            metrics=reading.words("metrics", MOST_METRICS) or (REWARD, KL_TO_BASE),
            x=reading.choice("x", (ITERATION, STEP)),
            smoothing=reading.number("smoothing", 0, 0.99, 0.0),
            title=reading.text("title"),
        )

    def draw(self, scope: Scope) -> Drawing:
        runs = scope.runs(self.runs)
        found = read_curves({run.id: 0 for run in runs}, self.metrics) if runs else {}
        plots = [plot for metric in self.metrics if (plot := self._plot(metric, runs, found))]
        title = self.title or "Curves"
        if not plots:
            return Gap(title, nothing_of(runs, f"no values of {', '.join(map(title_of, self.metrics))} yet"))
        return Charts(title, plots, legend_of(runs), self._note(plots, runs))

    def _plot(self, metric: str, runs: list[Run], found: Mapping[UUID, RunCurves]) -> Plot | None:
        curves = {
            run: found[run.id].by_key[metric] for run in runs if run.id in found and metric in found[run.id].by_key
        }
        points = {run: finite(self._xs(curve), curve.values) for run, curve in curves.items()}
        series = {run: (xs, smooth(values, self.smoothing)) for run, (xs, values) in points.items() if values}
        if not series:
            return None
        x = scatter.across([at for xs, _ in series.values() for at in xs])
        y = scatter.upward([value for _, values in series.values() for value in values])
        lines = [
            Line(
                color_of(runs.index(run), len(runs)),
                [(x.place(at), y.place(value)) for at, value in zip(*columns, strict=True)],
            )
            for run, columns in series.items()
        ]
        ends = ", ".join(f"{run.name} ends at {values[-1]:.4g}" for run, (_, values) in series.items())
        title = title_of(metric)
        return Plot(title, f"{title}: {ends}", x, y, X_TITLES[self.x], lines)

    def _xs(self, curve: Curve) -> list[int]:
        return curve.iterations if self.x == ITERATION else curve.steps

    def _note(self, plots: list[Plot], runs: list[Run]) -> str:
        lacking = [title_of(metric) for metric in self.metrics if title_of(metric) not in {one.title for one in plots}]
        words = [f"No values of {', '.join(lacking)}."] if lacking else []
        words += [f"Smoothed by {self.smoothing:g}."] if self.smoothing else []
        return " ".join([*words, *missing_words(self.runs, runs)])


def finite(xs: list[int], values: list[float]) -> tuple[list[int], list[float]]:
    """What can be drawn: a run that goes wrong may write NaN."""
    kept = [(x, value) for x, value in zip(xs, values, strict=True) if math.isfinite(value)]
    return [x for x, _ in kept], [value for _, value in kept]


def smooth(values: list[float], weight: float) -> list[float]:
    """An exponential mean that does not begin at zero: Σ wⁱ·v(t−i) / Σ wⁱ."""
    if not weight:
        return values
    smoothed, total, norm = [], 0.0, 0.0
    for value in values:
        total, norm = total * weight + value, norm * weight + 1.0
        smoothed.append(total / norm)
    return smoothed


def legend_of(runs: list[Run]) -> list[Key]:
    return [Key(color_of(place, len(runs)), run.name, run.id) for place, run in enumerate(runs)]


def nothing_of(runs: list[Run], otherwise: str) -> str:
    """Why a panel is empty."""
    if not runs:
        return "None of these runs is there any more."
    return f"{'This run has' if len(runs) == 1 else 'These runs have'} {otherwise}."


def missing_words(wanted: tuple[UUID, ...], runs: list[Run]) -> list[str]:
    gone = len(wanted) - len(runs)
    return [f"{gone} run{' is' if gone == 1 else 's are'} not there any more."] if gone else []
