"""What a rule is judged by: a run's metrics and evaluations up to now, the rolled-back ones left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Series:
    """Values of one metric, `[n]`, at growing iterations `[n]`."""

    iterations: np.ndarray
    values: np.ndarray

    @classmethod
    def of(cls, points: Sequence[tuple[int, float]] = ()) -> "Series":
        ordered = sorted(points)
        return cls(np.array([at for at, _ in ordered], int), np.array([value for _, value in ordered], float))

    def last(self, count: int, upto: int) -> "Series":
        """The last `count` points whose iteration is not past `upto`."""
        end = int(np.searchsorted(self.iterations, upto, side="right"))
        return Series(self.iterations[max(0, end - count) : end], self.values[max(0, end - count) : end])

    def between(self, first: int, last: int) -> "Series":
        """The points from iteration `first` to `last`, both included."""
        begin, end = np.searchsorted(self.iterations, [first, last + 1])
        return Series(self.iterations[begin:end], self.values[begin:end])

    def __len__(self) -> int:
        return len(self.iterations)


@dataclass(frozen=True)
class Scored:
    """One score of an evaluation: mean and each prompt's value; None where it was not a finite number."""

    mean: float | None
    per_prompt: Sequence[float | None] = ()


@dataclass(frozen=True)
class Evaluated:
    """The scores of a checkpoint on one prompt set, by name."""

    iteration: int
    prompt_set: str
    scores: Mapping[str, Scored]


@dataclass(frozen=True)
class History:
    """`rewards` has the weight of each reward; `evaluations` are in the order of their iterations."""

    metrics: Mapping[str, Series] = field(default_factory=dict)
    evaluations: Sequence[Evaluated] = ()
    rewards: Mapping[str, float] = field(default_factory=dict)

    def series(self, key: str) -> Series:
        return self.metrics.get(key) or Series.of()

    def evaluations_of(self, prompt_set: str, upto: int) -> list[Evaluated]:
        return [one for one in self.evaluations if one.prompt_set == prompt_set and one.iteration <= upto]

    @property
    def prompt_sets(self) -> list[str]:
        return list(dict.fromkeys(one.prompt_set for one in self.evaluations))
