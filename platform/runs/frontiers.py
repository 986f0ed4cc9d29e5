"""Held-out score against KL to the base model over the runs of an experiment: what each nat of distance has bought."""

from collections.abc import Iterable
from dataclasses import dataclass

from runs import scatter
from runs.evaluated import Measured, Score, best_runs, read_measured
from runs.models import Experiment, Run
from teams.models import User

MOST_RUNS = 100
NUM_COLORS = 8


@dataclass(frozen=True)
class Frontier:
    """`points` of the best runs; of `edge` none has a higher score at the same KL or less, from near to far."""

    score: Score
    points: list[Measured]
    edge: list[Measured]
    num_runs: int

    @property
    def is_cut(self) -> bool:
        return self.num_runs == MOST_RUNS

    @property
    def runs(self) -> list[Run]:
        """Those with a point on the edge."""
        return list({point.run.id: point.run for point in self.edge if point.iteration}.values())

    def picture(self) -> "Picture":
        bounds = [value for point in self.edge for value in (point.low, point.high) if value is not None]
        x = scatter.across([0.0, *(point.kl for point in self.points)])
        y = scatter.upward([*(point.mean for point in self.points), *bounds])
        order = {run_id: number for number, run_id in enumerate(dict.fromkeys(one.run.id for one in self.points))}
        on_edge = set(map(id, self.edge))
        dots = [
            Dot(
                point,
                x.place(point.kl),
                y.place(point.mean),
                y.place(point.low if point.low is not None else point.mean),
                y.place(point.high if point.high is not None else point.mean),
                order[point.run.id] % NUM_COLORS + 1 if len(order) <= NUM_COLORS else 0,
                id(point) in on_edge,
            )
            for point in self.points
        ]
        # The edge is drawn over the others.
        return Picture(x, y, sorted(dots, key=lambda dot: dot.is_on_edge))


@dataclass(frozen=True)
class Dot:
    """A point in the picture; `low` and `high` end its interval, `color` is its run's, 0 where there are many."""

    point: Measured
    x: float
    y: float
    low: float
    high: float
    color: int
    is_on_edge: bool


@dataclass(frozen=True)
class Picture:
    x: scatter.Axis
    y: scatter.Axis
    dots: list[Dot]

    @property
    def edge(self) -> str:
        """The line through the points that no other one beats."""
        on_edge = sorted((dot for dot in self.dots if dot.is_on_edge), key=lambda dot: dot.x)
        return " ".join(f"{dot.x},{dot.y}" for dot in on_edge)


def read_frontier(user: User, experiment: Experiment, score: Score | None) -> Frontier | None:
    """None while nothing trained was scored, and where nobody measured how far that is from the base model."""
    if score is None:
        return None
    runs = list(best_runs(user, experiment, score).defer("config", "notes")[:MOST_RUNS])
    points = [point for point in read_measured(user, runs, score) if point.kl is not None]
    is_measured = any(point.iteration > 0 for point in points)
    return Frontier(score, points, edge_of(points), len(runs)) if is_measured else None


def edge_of(points: Iterable[Measured]) -> list[Measured]:
    """The points that no other one beats: none as near to the base model is as good."""
    edge: list[Measured] = []
    for point in sorted(points, key=lambda one: (one.kl, -one.mean)):
        if not edge or point.mean > edge[-1].mean:
            edge.append(point)
    return edge
