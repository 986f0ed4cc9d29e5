"""Runs that are one line of a chart, and the chart of one metric of them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from reports import log_axis
from reports.drawings import Band, Dot, Line, Plot, color_of
from reports.panels.tracks import Track
from runs import scatter
from runs.models import Run
from runs.scatter import Axis
from runs.seed_groups import group_by_seed
from sweeps.seed_tables import shared_name


@dataclass(frozen=True)
class Strand:
    """A single run, or those that differ by their seed alone."""

    name: str
    runs: tuple[Run, ...]
    color: int

    @property
    def is_mean(self) -> bool:
        return len(self.runs) > 1

    @property
    def run_id(self) -> UUID | None:
        return None if self.is_mean else self.runs[0].id


def strands_of(runs: list[Run], is_mean: bool) -> list[Strand]:
    groups = list(group_by_seed(runs).values()) if is_mean else [[run] for run in runs]
    return [Strand(_name_of(group), tuple(group), color_of(at, len(groups))) for at, group in enumerate(groups)]


def plot_of(title: str, x_title: str, tracks: Mapping[Strand, Track], is_log: bool) -> Plot | None:
    """None where there is nothing to draw. On a logarithmic axis what is not above zero is left out."""
    if is_log:
        tracks = {strand: track.only([value > 0 for value in track.values]) for strand, track in tracks.items()}
    tracks = {strand: track for strand, track in tracks.items() if track.values}
    if not tracks:
        return None
    title = f"{title}, logarithmic" if is_log else title
    x = scatter.across([at for track in tracks.values() for at in track.xs])
    y = _upward(list(tracks.values()), is_log)
    ends = ", ".join(f"{strand.name} ends at {track.values[-1]:.4g}" for strand, track in tracks.items())
    return Plot(
        title,
        f"{title}: {ends}",
        x,
        y,
        x_title,
        lines=[Line(strand.color, _points(x, y, track)) for strand, track in tracks.items()],
        # A line of one point would not be seen.
        dots=[_dot(x, y, strand, track) for strand, track in tracks.items() if len(track.values) == 1],
        bands=[_band(x, y, strand, track) for strand, track in tracks.items() if track.halves],
    )


def _name_of(group: list[Run]) -> str:
    return group[0].name if len(group) == 1 else f"{shared_name([run.name for run in group])} ({len(group)} seeds)"


def _upward(tracks: list[Track], is_log: bool) -> Axis:
    """For all lines, and for as much of their bands as leaves the lines a third of the height."""
    values = [value for track in tracks for value in track.values]
    ends = [pair for track in tracks for pair in zip(track.values, track.halves, strict=False)]
    low, high = min(values), max(values)
    room = (high - low) or math.inf
    highs = [min(value + half, high + room) for value, half in ends]
    lows = [max(value - half, low - room) for value, half in ends]
    # An interval may go to zero and below, where a logarithmic axis does not.
    return log_axis.upward(values + highs) if is_log else scatter.upward(values + highs + lows)


def _points(x: Axis, y: Axis, track: Track) -> list[tuple[float, float]]:
    return [(x.place(at), y.place(value)) for at, value in zip(track.xs, track.values, strict=True)]


def _band(x: Axis, y: Axis, strand: Strand, track: Track) -> Band:
    places = list(zip(track.xs, track.values, track.halves, strict=True))
    above = [(x.place(at), y.place(value + half)) for at, value, half in places]
    below = [(x.place(at), y.place(value - half)) for at, value, half in places]
    return Band(strand.color, [*above, *reversed(below)])


def _dot(x: Axis, y: Axis, strand: Strand, track: Track) -> Dot:
    [(across, up)], [value] = _points(x, y, track), track.values
    half = track.halves[0] if track.halves else 0.0
    low, high = y.place(value - half), y.place(value + half)
    return Dot(across, up, low, high, strand.color, f"{strand.name}: {value:.4g}", strand.run_id)
