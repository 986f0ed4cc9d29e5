"""The picture of a vote: a row for each policy, its strength and beside it the reward, each on an axis of its own.

The rows stand in the order of the strengths: where people and the reward agree, both columns fall from top to bottom.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from runs import scatter
from votes.bradley_terry import Strength
from votes.measures import Measured
from votes.results import Standing


@dataclass(frozen=True)
class Mark:
    """A dot with its interval, in the units of `scatter.across`."""

    at: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Column:
    """`marks` in the order of the rows, None where there is nothing to draw."""

    axis: scatter.Axis
    zero: float | None
    marks: list[Mark | None]


@dataclass(frozen=True)
class Row:
    standing: Standing
    strength: Mark | None
    reward: Mark | None


@dataclass(frozen=True)
class Picture:
    rows: list[Row]
    strength: Column
    reward: Column | None


def picture_of(standings: Sequence[Standing]) -> Picture | None:
    """None as long as nothing was judged."""
    strength = _column([standing.strength for standing in standings], has_zero=True)
    if strength is None:
        return None
    reward = _column([standing.measured for standing in standings])
    rewards = reward.marks if reward else [None] * len(standings)
    rows = [Row(*row) for row in zip(standings, strength.marks, rewards, strict=True)]
    return Picture(rows, strength, reward)


def _column(found: Sequence[Strength | Measured | None], has_zero: bool = False) -> Column | None:
    values = [[number for number in _numbers(one) if number is not None] for one in found if one]
    if not values:
        return None
    axis = scatter.across([*(number for some in values for number in some), *([0.0] if has_zero else [])])
    marks = [
        one and Mark(*(None if number is None else axis.place(number) for number in _numbers(one))) for one in found
    ]
    return Column(axis, axis.place(0.0) if has_zero else None, marks)


def _numbers(one: Strength | Measured) -> tuple[float, float | None, float | None]:
    return (one.value if isinstance(one, Strength) else one.mean, one.low, one.high)
