"""The picture above a result: one score against the KL to the base model, a line for each prompt set.

In and out of domain stand in one picture, so that it shows where a policy pays for the one with the other.
"""

from dataclasses import dataclass

from evaluating.results import Result, Row, Table
from runs import scatter

NUM_COLORS = 8


@dataclass(frozen=True)
class Dot:
    """A policy's place in the picture; `low` and `high` end its interval."""

    row: Row
    mean: float
    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True)
class Series:
    """A prompt set's dots, from the base model on."""

    prompt_set: str
    color: int
    dots: list[Dot]

    @property
    def line(self) -> str:
        return " ".join(f"{dot.x},{dot.y}" for dot in self.dots)


@dataclass(frozen=True)
class Picture:
    """`against` says what goes across: the KL in nats, or where it was not measured the iteration."""

    score: str
    against: str
    x: scatter.Axis
    y: scatter.Axis
    series: list[Series]


def picture_of(result: Result, score: str | None = None) -> Picture | None:
    """None while no checkpoint was scored."""
    score = score if score in result.scores else next(iter(result.scores), None)
    tables = [table for table in result.tables if score in table.scores]
    rows = [row for table in tables for row in table.rows]
    if all(row.is_base for row in rows):
        return None
    has_kl = all(row.kl for row in rows)
    values = [_of(table, row, score) for table in tables for row in table.rows]
    x = scatter.across([0.0, *(_across(row, has_kl) for row in rows)])
    y = scatter.upward([bound for value in values if value for bound in (value.low, value.high)])
    return Picture(
        score,
        "KL to the base model over the path, nats" if has_kl else "Iteration",
        x,
        y,
        [Series(one.prompt_set, n % NUM_COLORS + 1, _dots(one, score, has_kl, x, y)) for n, one in enumerate(tables)],
    )


def _dots(table: Table, score: str, has_kl: bool, x: scatter.Axis, y: scatter.Axis) -> list[Dot]:
    found = [(row, _of(table, row, score)) for row in table.rows]
    return [
        Dot(
            row,
            value.mean,
            x.place(_across(row, has_kl)),
            y.place(value.mean),
            y.place(value.low),
            y.place(value.high),
        )
        for row, value in found
        if value
    ]


def _of(table: Table, row: Row, score: str):
    return row.cells[table.scores.index(score)].value


def _across(row: Row, has_kl: bool) -> float:
    return row.kl.mean if has_kl else float(row.iteration)
