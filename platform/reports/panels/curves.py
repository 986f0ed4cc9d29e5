"""Curves of metrics, a chart for each, with every run in it or with their means over seeds."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from reports.drawings import Charts, Drawing, Gap, Key, Plot
from reports.panels.across import ITERATION, TITLES, Places, places_over
from reports.panels.strands import Strand, plot_of, strands_of
from reports.panels.tracks import Track, mean_track, track_of
from reports.panels.words import missing_words, nothing_of
from reports.reading import Reading
from reports.scope import Scope
from runs.curves import RunCurves, read_curves
from runs.metric_names import KL_TO_BASE, REWARD, title_of
from runs.models import Run

MOST_RUNS, MOST_METRICS = 24, 12
# Which charts have a logarithmic axis, as in the panel: none, those of KLs, or all that never go below zero.
NO, KL, ALL = "no", "kl", "all"
EACH, MEAN = "each", "mean"


@dataclass(frozen=True)
class Curves:
    runs: tuple[UUID, ...]
    metrics: tuple[str, ...]
    x: str = ITERATION
    smoothing: float = 0.0
    log: str = NO
    seeds: str = EACH
    title: str = ""

    @classmethod
    def read(cls, reading: Reading) -> "Curves":
        return cls(
            runs=reading.runs("runs", MOST_RUNS),
            metrics=reading.words("metrics", MOST_METRICS) or (REWARD, KL_TO_BASE),
            x=reading.choice("x", tuple(TITLES)),
            smoothing=reading.number("smoothing", 0, 0.99, 0.0),
            log=reading.choice("log", (NO, KL, ALL)),
            seeds=reading.choice("seeds", (EACH, MEAN)),
            title=reading.text("title"),
        )

    def draw(self, scope: Scope) -> Drawing:
        runs = scope.runs(self.runs)
        found = read_curves({run.id: 0 for run in runs}, self.metrics) if runs else {}
        places = places_over(self.x, runs, self.metrics)
        strands = strands_of(runs, self.seeds == MEAN)
        plots = {metric: self._plot(metric, strands, found, places) for metric in self.metrics}
        title = self.title or "Curves"
        if not any(plots.values()):
            return Gap(title, nothing_of(runs, f"no {_what(strands)} of {_titles(self.metrics)} yet"))
        legend = [Key(strand.color, strand.name, strand.run_id) for strand in strands]
        return Charts(title, [plot for plot in plots.values() if plot], legend, self._note(plots, runs, strands))

    def _plot(
        self, metric: str, strands: list[Strand], found: Mapping[UUID, RunCurves], places: Places
    ) -> Plot | None:
        tracks = {strand: self._track(metric, strand, found, places) for strand in strands}
        tracks = {strand: track for strand, track in tracks.items() if track}
        return plot_of(title_of(metric), TITLES[self.x], tracks, self._is_log(metric, tracks))

    def _track(self, metric: str, strand: Strand, found: Mapping[UUID, RunCurves], places: Places) -> Track | None:
        """Each seed is smoothed for itself, before the mean."""
        by_run = {run: found[run.id].by_key.get(metric) for run in strand.runs if run.id in found}
        tracks = [track_of(curve, places(run, curve), self.smoothing) for run, curve in by_run.items() if curve]
        tracks = [track for track in tracks if track.values]
        return (mean_track(tracks) if strand.is_mean else tracks[0]) if tracks else None

    def _is_log(self, metric: str, tracks: Mapping[Strand, Track]) -> bool:
        if self.log == KL:
            return metric.startswith("kl/")
        return self.log == ALL and all(value >= 0 for track in tracks.values() for value in track.values)

    def _note(self, plots: Mapping[str, Plot | None], runs: list[Run], strands: list[Strand]) -> str:
        lacking = [metric for metric, plot in plots.items() if plot is None]
        words = [f"No {_what(strands)} of {_titles(lacking)}."] if lacking else []
        words += [f"Smoothed by {self.smoothing:g}."] if self.smoothing else []
        if self.seeds == MEAN and _some_mean(strands):
            words.append("Lines are means over seeds, bands their 95 % intervals.")
        elif self.seeds == MEAN:
            words.append("No two of these runs differ by their seed alone.")
        return " ".join([*words, *missing_words(self.runs, runs)])


def _titles(metrics) -> str:
    return ", ".join(map(title_of, metrics))


def _what(strands: list[Strand]) -> str:
    return "mean over seeds" if _some_mean(strands) else "values"


def _some_mean(strands: list[Strand]) -> bool:
    return any(strand.is_mean for strand in strands)
