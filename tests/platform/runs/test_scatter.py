"""Axes: round numbers that hold every value, and places in order."""

import pytest

from runs import scatter


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([0.0, 17.6], ["0", "5", "10", "15", "20"]),
        ([0.41, 0.64], ["0.40", "0.45", "0.50", "0.55", "0.60", "0.65"]),
        ([0, 1.2], ["0.00", "0.25", "0.50", "0.75", "1.00", "1.25"]),
        ([-3, 4], ["−4", "−2", "0", "2", "4"]),
        ([5.0, 5.0], ["2", "3", "4", "5", "6", "7", "8"]),
        ([0.0], ["−0.6", "−0.4", "−0.2", "0.0", "0.2", "0.4", "0.6"]),
        ([0, 2e7], ["0", "5e6", "1e7", "1.5e7", "2e7"]),
        ([0, 3e-7], ["0", "1e−7", "2e−7", "3e−7"]),
    ],
)
def test_ticks_are_round_numbers_around_the_values(values, texts):
    axis = scatter.across(values)
    assert [tick.text for tick in axis.ticks] == texts
    assert axis.low <= min(values) and max(values) <= axis.high


def test_places_grow_with_the_values_and_stay_inside():
    across, upward = scatter.across([0, 10]), scatter.upward([0, 10])
    assert across.place(0) == scatter.LEFT and across.place(10) == scatter.WIDTH - scatter.RIGHT
    assert upward.place(10) == scatter.TOP and upward.place(0) == scatter.HEIGHT - scatter.BOTTOM
    assert across.place(2) < across.place(3) and upward.place(2) > upward.place(3)
    assert across.place(99) == across.place(10)
