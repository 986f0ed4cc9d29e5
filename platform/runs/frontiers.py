"""Held-out score against KL to the base model over the runs of an experiment: what each nat of distance has bought."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

from runs.evaluated import Measured, Score, best_runs, read_measured
from runs.models import Experiment
from teams.models import User

MOST_RUNS = 100


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

    def as_data(self) -> dict:
        """What the chart is drawn from."""
        edge = set(map(id, self.edge))
        return {
            "score": self.score.title,
            "points": [_describe(point) | {"edge": id(point) in edge} for point in self.points],
        }


def read_frontier(user: User, experiment: Experiment, score: Score | None) -> Frontier | None:
    """None while nothing trained was scored."""
    runs = list(best_runs(user, experiment, score).defer("config", "notes")[:MOST_RUNS]) if score else []
    if not runs or score is None:
        return None
    points = [point for point in read_measured(user, runs, score) if point.kl is not None]
    return Frontier(score, points, edge_of(points), len(runs))


def edge_of(points: Iterable[Measured]) -> list[Measured]:
    """The points that no other one beats: none as near to the base model is as good."""
    edge: list[Measured] = []
    for point in sorted(points, key=lambda one: (one.kl, -one.mean)):
        if not edge or point.mean > edge[-1].mean:
            edge.append(point)
    return edge


def _describe(point: Measured) -> dict:
    values = {name: getattr(point, name) for name in ("iteration", "mean", "low", "high", "kl")}
    return values | {"run": point.run.name, "url": reverse("run", args=[point.run.id])}
