"""Logarithmic axes: places by the decade, marks at round numbers."""

import math

import pytest

from reports.log_axis import MOST_MARKS, upward
from runs import scatter


def test_a_decade_is_as_long_as_another():
    axis = upward([0.001, 1.0])
    places = [axis.place(10.0**ten) for ten in range(-3, 1)]
    assert (axis.low, axis.high) == (0.001, 1.0)
    assert (places[0], places[-1]) == (scatter.HEIGHT - scatter.BOTTOM, scatter.TOP)
    lengths = [here - there for here, there in zip(places, places[1:], strict=False)]
    assert lengths == pytest.approx([(scatter.HEIGHT - scatter.BOTTOM - scatter.TOP) / 3] * 3, abs=0.11)
    assert axis.place(0.0) == axis.place(-1.0) == places[0]


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([0.3, 4.0], ["0.2", "0.5", "1", "2", "5"]),
        ([1000.0], ["500", "1000", "2000"]),
        ([0.001, 1000.0], ["0.001", "0.01", "0.1", "1", "10", "100", "1000"]),
        ([2e-6, 3e7], ["1e−5", "0.001", "0.1", "10", "1000", "100000", "1e7"]),
        ([5e-324, 1e308], None),
    ],
)
def test_marks_are_round_and_few(values, texts):
    axis = upward(values)
    assert axis.low <= min(values) and axis.high >= max(values)
    assert len(axis.ticks) <= MOST_MARKS + 1
    assert all(math.isfinite(tick.at) for tick in axis.ticks)
    if texts:
        assert [tick.text for tick in axis.ticks] == texts
