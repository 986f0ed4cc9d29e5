"""Trends against closed forms, against another library, and against chance."""

import numpy as np
import pytest
from scipy import stats

from alerts.rules.trends import ALPHA, MIN_POINTS, line_trend, paired_trend


def test_a_line_without_noise_changes_by_its_slope_times_the_width():
    trend = line_trend(range(10, 31), [0.5 + 0.02 * at for at in range(10, 31)])
    assert trend.change == pytest.approx(0.4) and trend.start == pytest.approx(0.7)
    assert trend.error == pytest.approx(0, abs=1e-12) and trend.rises and not trend.falls


def test_slope_error_and_chance_are_those_of_a_regression():
    random = np.random.default_rng(0)
    at = np.sort(random.choice(500, 40, replace=False))
    values = 0.3 - 0.001 * at + random.normal(0, 0.1, 40)
    expected = stats.linregress(at, values, alternative="less")
    trend, width = line_trend(at, values), at[-1] - at[0]
    assert trend.change == pytest.approx(expected.slope * width)
    assert trend.error == pytest.approx(expected.stderr * width)
    assert trend.falls == (expected.pvalue <= ALPHA) and trend.falls


def test_few_points_or_one_moment_are_no_trend():
    assert line_trend(range(MIN_POINTS - 1), range(MIN_POINTS - 1)) is None
    assert line_trend([5] * MIN_POINTS, range(MIN_POINTS)) is None


def test_a_flat_line_neither_rises_nor_falls():
    trend = line_trend(range(20), [0.5] * 20)
    assert not trend.rises and not trend.falls


@pytest.mark.parametrize("noise", ["normal", "uniform", "standard_t"])
def test_noise_without_a_trend_is_taken_for_a_rise_as_often_as_alpha_says(noise):
    """20,000 series of 20 points: 20 false alarms are expected, 4.5 their standard deviation; also for heavy tails."""
    random = np.random.default_rng(1)
    draw = {"normal": random.normal, "uniform": random.uniform, "standard_t": lambda size: random.standard_t(4, size)}
    trends = [line_trend(range(20), values) for values in draw[noise](size=(20_000, 20))]
    assert 4 <= sum(trend.rises for trend in trends) <= 38
    assert 4 <= sum(trend.falls for trend in trends) <= 38


def test_a_paired_trend_of_two_evaluations_is_a_paired_t_test():
    random = np.random.default_rng(2)
    first = random.uniform(0, 1, 50)
    second = first - 0.03 + random.normal(0, 0.05, 50)
    expected = stats.ttest_rel(second, first, alternative="less")
    trend = paired_trend([0, 30], [first, second])
    assert trend.change == pytest.approx((second - first).mean())
    assert trend.change / trend.error == pytest.approx(expected.statistic)
    assert trend.falls == (expected.pvalue <= ALPHA) and trend.falls
    assert trend.spread == pytest.approx(first.std(ddof=1)) and trend.start == pytest.approx(first.mean())


def test_a_paired_trend_of_more_is_the_mean_of_the_prompts_slopes():
    scores = np.array([[1.0] * 8, [2.0] * 8, [3.0] * 8]) + np.arange(8)
    trend = paired_trend([0, 10, 20], scores)
    assert trend.change == pytest.approx(2.0) and trend.rises
    uneven = paired_trend([0, 10, 40], [row * 0 + at for at, row in zip([0, 10, 40], scores, strict=True)])
    assert uneven.change == pytest.approx(40.0)


def test_pairing_sees_a_fall_that_the_spread_of_prompts_hides():
    random = np.random.default_rng(3)
    prompts = random.uniform(0, 1, 64)
    scores = [prompts - 0.02 * step + random.normal(0, 0.02, 64) for step in range(3)]
    assert paired_trend([0, 30, 60], scores).falls
    apart = stats.ttest_ind(scores[2], scores[0], alternative="less")
    assert apart.pvalue > 0.05


def test_prompts_without_a_value_are_left_out_and_other_prompts_are_not_compared():
    first, second = [0.5] * 10, [0.4] * 9 + [None]
    assert paired_trend([0, 1], [first, second]).freedom == 8
    assert paired_trend([0, 1], [first, [0.4] * 9]) is None
    assert paired_trend([0, 1], [first[:7], second[:7]]) is None


def test_scores_that_only_tremble_are_taken_for_a_fall_as_often_as_alpha_says():
    """10,000 windows of 3 evaluations on 64 prompts whose answers are right or wrong: 10 false alarms are expected."""
    random = np.random.default_rng(4)
    chances = random.uniform(0.2, 0.9, (10_000, 1, 64))
    tables = (random.uniform(size=(10_000, 3, 64)) < chances).astype(float)
    falls = sum(paired_trend([0, 30, 60], table).falls for table in tables)
    assert 1 <= falls <= 25
