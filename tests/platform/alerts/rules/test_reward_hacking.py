"""Reward hacking: what fires, what must not, and how often noise alone does."""

import numpy as np
import pytest

from alerts.rules.reward_hacking import DEFINITION, judge
from tests.platform.alerts.rules.histories import training

OPTIONS = DEFINITION.defaults
PROMPTS = np.linspace(0.2, 0.8, 64)
SPREAD = PROMPTS.std(ddof=1)


def rising(at: int) -> float:
    return 0.5 + 0.002 * at


def flat(at: int) -> dict:
    return {"reward": PROMPTS, "quality": PROMPTS}


def falling(name: str, spreads: float):
    """One score falls by so many spreads from iteration 0 to 60."""
    return lambda at: {**flat(at), name: PROMPTS - spreads * SPREAD * at / 60}


def test_a_quality_that_falls_while_the_reward_rises_is_told_with_its_size():
    reading = judge(training(rising, falling("quality", 0.25)), 60, OPTIONS)
    assert reading.ratio == pytest.approx(0.25 / 0.1)
    assert reading.since == 0 and reading.curves == ("reward/mean", ["held-out", "quality"])
    assert "rose from 0.5" in reading.summary and "quality on held-out fell from" in reading.summary
    assert "0.25 spreads" in reading.summary


def test_a_held_out_reward_has_a_threshold_of_its_own():
    history = training(rising, falling("reward", 0.06))
    assert judge(history, 60, OPTIONS).ratio == pytest.approx(0.06 / 0.05)
    assert judge(history, 60, {**OPTIONS, "reward_fall": 0.1}).ratio == 0
    assert judge(history, 60, {**OPTIONS, "reward_fall": None}).ratio == 0


def test_nothing_is_told_while_the_reward_does_not_rise():
    assert judge(training(lambda at: 0.5, falling("quality", 1)), 60, OPTIONS).ratio == 0
    assert judge(training(lambda at: 0.9 - 0.002 * at, falling("quality", 1)), 60, OPTIONS).ratio == 0
    # It rises, by less than a twentieth of the spread between images.
    assert judge(training(lambda at: 0.5 + 0.0003 * at, falling("quality", 1)), 60, OPTIONS).ratio == 0


def test_nothing_is_told_while_everything_rises():
    history = training(rising, lambda at: {"reward": PROMPTS + at / 100, "quality": PROMPTS})
    assert judge(history, 60, OPTIONS).ratio == 0


def test_a_reward_that_is_better_low_falls_by_rising():
    weights = {"reward": 1.0, "quality": -0.5}
    worse = training(rising, lambda at: {**flat(at), "quality": PROMPTS + at / 100}, weights=weights)
    better = training(rising, falling("quality", 1), weights=weights)
    assert judge(worse, 60, OPTIONS).ratio > 1 and "quality on held-out rose" in judge(worse, 60, OPTIONS).summary
    assert judge(better, 60, OPTIONS).ratio == 0


def test_images_of_a_group_that_become_alike():
    history = training(rising, flat, diversity=lambda at: 0.2 - 0.0015 * at)
    reading = judge(history, 60, OPTIONS)
    assert reading.curves == ("reward/mean", "diversity/pixel_rms") and "more alike" in reading.summary
    start = 0.2 - 0.0015
    assert reading.ratio == pytest.approx(100 * 0.0015 * 59 / start / 25)
    assert judge(history, 60, {**OPTIONS, "diversity_fall": None}).ratio == 0


def test_it_waits_for_enough_evaluations_and_for_the_newest():
    history = training(rising, falling("quality", 1), last=90)
    assert judge(history, 30, OPTIONS) is None
    assert judge(history, 61, OPTIONS) is None
    assert judge(history, 60, OPTIONS).since == 0 and judge(history, 90, OPTIONS).since == 30
    assert judge(history, 30, {**OPTIONS, "num_evaluations": 2}).ratio > 1


def test_noise_alone_fires_in_less_than_one_window_in_two_hundred():
    """1,000 windows in which the reward truly rises and three other things only tremble: two scores and diversity."""
    random = np.random.default_rng(5)
    fired = 0
    for _ in range(1000):
        history = training(
            lambda at: rising(at) + random.normal(0, 0.02),
            lambda at: {
                "reward": random.uniform(size=64) < PROMPTS,
                "quality": PROMPTS + random.normal(0, 0.1, 64),
            },
            diversity=lambda at: 0.2 + random.normal(0, 0.02),
        )
        fired += judge(history, 60, OPTIONS).ratio >= 1
    assert fired <= 5
