"""Mean and interval over seeds."""

import pytest
from scipy import stats

from sweeps.statistics import SeedMean, mean_over_seeds


@pytest.mark.parametrize("values", [[1.0, 2.0], [0.51, 0.55, 0.47], [1, 2, 3, 4, 5, 6, 7]])
def test_the_interval_is_students(values):
    estimate = mean_over_seeds(values)
    low, high = stats.t.interval(0.95, len(values) - 1, loc=sum(values) / len(values), scale=stats.sem(values))
    assert (estimate.low, estimate.high) == (pytest.approx(low), pytest.approx(high))
    assert estimate.num == len(values)


def test_one_seed_has_no_interval_and_none_has_no_mean():
    assert mean_over_seeds([0.5, None, float("nan"), "NaN"]) == SeedMean(0.5, 1, None)
    assert mean_over_seeds([None]) is None
    assert mean_over_seeds([0.5]).low is None


def test_what_overlaps_is_not_told_apart():
    low, high, wide = SeedMean(1, 3, 0.2), SeedMean(2, 3, 0.2), SeedMean(1.5, 3, 0.6)
    assert not low.overlaps(high) and not high.overlaps(low)
    assert wide.overlaps(low) and high.overlaps(wide)
    assert low.overlaps(SeedMean(9, 1, None)) and SeedMean(9, 1, None).overlaps(low)
