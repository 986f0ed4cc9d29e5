"""Win rates with intervals: a tie, or both bad, is half a win for each."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

from votes.bradley_terry import QUANTILE
from votes.verdicts import Outcome, Verdict


@dataclass(frozen=True)
class Rate:
    """How a policy fared; `num_bad` are those of the ties in which both were called bad."""

    num_won: int = 0
    num_lost: int = 0
    num_even: int = 0
    num_bad: int = 0

    @property
    def num(self) -> int:
        return self.num_won + self.num_lost + self.num_even

    @property
    def num_tied(self) -> int:
        """Without those in which both were bad."""
        return self.num_even - self.num_bad

    @property
    def mean(self) -> float:
        return (self.num_won + self.num_even / 2) / self.num

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.num_won + self.num_even / 2, self.num)

    @property
    def low(self) -> float:
        return self.interval[0]

    @property
    def high(self) -> float:
        return self.interval[1]

    def swapped(self) -> "Rate":
        return Rate(self.num_lost, self.num_won, self.num_even, self.num_bad)

    def __add__(self, other: "Rate") -> "Rate":
        return Rate(
            self.num_won + other.num_won,
            self.num_lost + other.num_lost,
            self.num_even + other.num_even,
            self.num_bad + other.num_bad,
        )


def wilson(wins: float, num: int) -> tuple[float, float]:
    """The 95 % interval of Wilson (J. Amer. Statist. Assoc. 22, 1927) for a rate of `wins` in `num`, at least one.

    With halves for ties it is wider than it need be: a half varies less than a win or a loss.
    """
    share, square = wins / num, QUANTILE**2
    middle = (share + square / (2 * num)) / (1 + square / num)
    half = QUANTILE / (1 + square / num) * sqrt(share * (1 - share) / num + square / (4 * num**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def rate_of_first(verdicts: Iterable[Verdict]) -> Rate:
    """How the first of each fared."""
    outcomes = [verdict.outcome for verdict in verdicts]
    num_bad = outcomes.count(Outcome.BAD)
    even = outcomes.count(Outcome.TIE) + num_bad
    return Rate(outcomes.count(Outcome.FIRST), outcomes.count(Outcome.SECOND), even, num_bad)


def rate_of(policy: int, verdicts: Iterable[Verdict]) -> Rate:
    """How one policy fared in those that it was in."""
    verdicts = list(verdicts)
    as_first = rate_of_first(verdict for verdict in verdicts if verdict.first == policy)
    return as_first + rate_of_first(verdict for verdict in verdicts if verdict.second == policy).swapped()
