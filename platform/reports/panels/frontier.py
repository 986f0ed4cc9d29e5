"""Score against KL to the base model: a point for each evaluation, a colour for each run."""

import math
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Subquery

from reports.drawings import Charts, Dot, Drawing, Gap, Line, Plot, color_of
from reports.panels.words import legend_of, missing_words, nothing_of
from reports.reading import Reading
from reports.scope import Scope
from runs import scatter
from runs.evaluated import Measured, Score, kl_then
from runs.frontiers import edge_of
from runs.models import Evaluation, Run

MOST_RUNS = 50


@dataclass(frozen=True)
class Frontier:
    runs: tuple[UUID, ...]
    prompt_set: str = ""
    reward: str = ""
    title: str = ""

    @classmethod
    def read(cls, reading: Reading) -> "Frontier":
        return cls(
            runs=reading.runs("runs", MOST_RUNS),
            prompt_set=reading.text("prompt_set"),
            reward=reading.text("reward"),
            title=reading.text("title"),
        )

    def draw(self, scope: Scope) -> Drawing:
        runs = scope.runs(self.runs)
        rows = self._rows(scope, runs)
        score = self._score(runs, rows)
        points = _points(runs, rows, score) if score else []
        title = self.title or (f"Frontier: {score.title}" if score else "Frontier")
        if not any(point.iteration for point in points):
            return Gap(title, nothing_of(runs, "no checkpoint yet with a score and a KL to the base model"))
        note = " ".join(["Up and to the left is better.", *missing_words(self.runs, runs)])
        return Charts(title, [_plot(score, runs, points)], legend_of(runs), note)

    def _rows(self, scope: Scope, runs: list[Run]) -> list[Evaluation]:
        rows = scope.evaluations().filter(run__in=[run.id for run in runs])
        return list(rows.annotate(kl=Subquery(kl_then())).order_by("iteration", "id")) if runs else []

    def _score(self, runs: list[Run], rows: list[Evaluation]) -> Score | None:
        """What was asked for, and for the rest the first reward of the first run on its first prompt set."""
        sets = [*runs[0].config["evaluation"]["prompt_sets"], *(row.prompt_set for row in rows)] if runs else []
        there = {row.prompt_set for row in rows}
        prompt_set = self.prompt_set or next((name for name in sets if name in there), "")
        names = [reward.get("label") or reward["name"] for reward in runs[0].config["rewards"]] if runs else []
        scored = [name for row in rows if row.prompt_set == prompt_set for name in row.scores]
        reward = self.reward or next((name for name in [*names, *scored] if name in scored), "")
        return Score(prompt_set, reward) if prompt_set and reward else None


def _points(runs: list[Run], rows: list[Evaluation], score: Score) -> list[Measured]:
    by_id = {run.id: run for run in runs}
    found = []
    for row in rows:
        estimate = row.scores.get(score.reward) if row.prompt_set == score.prompt_set else None
        # Before the first update the policy is the base model.
        kl = row.kl if row.iteration else 0.0
        if estimate and estimate["mean"] is not None and kl is not None and math.isfinite(kl):
            mean, low, high = (estimate[end] for end in ("mean", "low", "high"))
            # One prompt has a score and no interval.
            ends = (mean if low is None else low, mean if high is None else high)
            found.append(Measured(by_id[row.run_id], row.iteration, mean, *ends, kl))
    return found


def _plot(score: Score, runs: list[Run], points: list[Measured]) -> Plot:
    x = scatter.across([0.0, *(point.kl for point in points)])
    y = scatter.upward([value for point in points for value in (point.mean, point.low, point.high)])
    place = {run.id: number for number, run in enumerate(runs)}
    dots = [
        Dot(
            x.place(point.kl),
            y.place(point.mean),
            y.place(point.low),
            y.place(point.high),
            color_of(place[point.run.id], len(runs)) if point.iteration else 0,
            _words(point),
            point.run.id,
        )
        for point in points
    ]
    edge = [(x.place(point.kl), y.place(point.mean)) for point in edge_of(points)]
    best = max(points, key=lambda point: point.mean)
    words = f"{score.title} against KL to the base model. The highest: {_words(best)}."
    return Plot(score.title, words, x, y, "KL to the base model, nats", [Line(0, edge)], dots)


def _words(point: Measured) -> str:
    who = f"{point.run.name} at {point.iteration}" if point.iteration else f"base model of {point.run.name}"
    return f"{who}: {point.mean:.3g} ({point.low:.3g} to {point.high:.3g}), {point.kl:.3g} nats"
