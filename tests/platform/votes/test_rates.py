"""Win rates and their intervals."""

import numpy as np
import pytest
from scipy.stats import binomtest

from votes.rates import Rate, rate_of, rate_of_first, wilson
from votes.verdicts import Outcome, Verdict


def verdicts(*said: tuple[int, int, Outcome]) -> list[Verdict]:
    return [Verdict(number, first, second, "", "ann", outcome) for number, (first, second, outcome) in enumerate(said)]


@pytest.mark.parametrize(("wins", "num"), [(0, 1), (1, 1), (3, 10), (30, 30), (55, 100)])
def test_the_interval_is_wilsons(wins, num):
    expected = binomtest(wins, num).proportion_ci(method="wilson")
    assert wilson(wins, num) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_the_interval_solves_the_equation_it_comes_from():
    """(p - w/n)² = z² p (1 - p) / n, also with halves."""
    for p in wilson(7.5, 20):
        assert (p - 7.5 / 20) ** 2 == pytest.approx(1.959963984540054**2 * p * (1 - p) / 20, rel=1e-9)


def test_a_tie_is_half_a_win_and_both_bad_is_a_tie_that_is_counted():
    said = verdicts(
        (0, 1, Outcome.FIRST), (1, 0, Outcome.SECOND), (0, 1, Outcome.SECOND), (1, 0, Outcome.TIE), (0, 1, Outcome.BAD)
    )  # fmt: skip
    rate = rate_of(0, said)
    assert (rate.num_won, rate.num_lost, rate.num_tied, rate.num_bad, rate.num) == (2, 1, 1, 1, 5)
    assert rate.mean == 0.6 and rate.swapped() == rate_of(1, said)
    assert (rate.low, rate.high) == wilson(3, 5)


def test_only_what_a_policy_was_in_counts():
    said = verdicts((0, 1, Outcome.FIRST), (1, 2, Outcome.FIRST))
    assert [rate_of(policy, said) for policy in (0, 2, 3)] == [Rate(num_won=1), Rate(num_lost=1), Rate()]
    assert rate_of_first(said) == Rate(num_won=2) and np.isclose(rate_of_first(said).mean, 1)
