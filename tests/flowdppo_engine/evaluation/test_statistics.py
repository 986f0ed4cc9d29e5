import numpy as np
import pytest

from flowdppo_engine.evaluation.statistics import make_score, paired_difference


def test_score_is_mean_and_normal_interval_of_the_rounded_values():
    values = [0.123456, 0.5, 0.9]
    score = make_score(values)
    rounded = np.array([0.1235, 0.5, 0.9])
    half = 1.959964 * rounded.std(ddof=1) / 3**0.5
    assert score.per_prompt == [0.1235, 0.5, 0.9]
    assert (score.mean, score.low, score.high) == pytest.approx(
        (rounded.mean(), rounded.mean() - half, rounded.mean() + half)
    )


def test_one_prompt_gives_a_point():
    score = make_score([0.4])
    assert score.low == score.mean == score.high == 0.4


def test_paired_difference_is_sharper_than_the_scores():
    rng = np.random.default_rng(0)
    base = rng.random(200)
    now = base + 0.05 + 0.01 * rng.standard_normal(200)
    difference = paired_difference(make_score(now), make_score(base))
    assert difference.mean == pytest.approx(0.05, abs=0.002)
    # The standard error of the mean is 0.01 / sqrt(200).
    assert difference.high - difference.low == pytest.approx(2 * 1.96 * 0.01 / 200**0.5, rel=0.2)
    assert difference.low < difference.mean < difference.high


def test_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(1)
    zero = make_score([0.0] * 40)
    covered = 0
    for _ in range(200):
        difference = paired_difference(make_score(rng.normal(0.1, 0.2, 40)), zero)
        covered += difference.low <= 0.1 <= difference.high
    assert 0.88 <= covered / 200 <= 0.99


def test_no_change_is_exactly_zero_and_repeatable():
    score = make_score(np.linspace(0, 1, 50))
    difference = paired_difference(score, score)
    assert (difference.mean, difference.low, difference.high) == (0, 0, 0)
    other = make_score(np.linspace(0, 1, 50) ** 2)
    assert paired_difference(other, score) == paired_difference(other, score)
