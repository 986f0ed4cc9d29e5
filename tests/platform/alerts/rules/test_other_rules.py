"""KL over budget, groups without a signal, numbers that are not finite, no progress: against closed forms."""

import math

import numpy as np
import pytest

from alerts.rules import group_variance, kl_budget, no_progress, not_finite
from alerts.rules.history import Evaluated, History, Scored, Series
from alerts.rules.reading import advance
from tests.platform.alerts.rules.histories import curve


def test_the_budget_is_over_when_the_mean_of_the_last_iterations_is():
    history = History({"kl/reference_nats": curve(range(1, 21), lambda at: at)})
    options = {**kl_budget.DEFINITION.defaults, "budget": 10}
    ratios = {at: judged.ratio for at in range(1, 21) if (judged := kl_budget.judge(history, at, options))}
    assert min(ratios) == 5
    assert ratios == {at: pytest.approx((at - 2) / 10) for at in range(5, 21)}
    assert "over the last 5 iterations" in kl_budget.judge(history, 20, options).summary


def test_a_budget_may_be_in_another_unit():
    history = History({"kl/reference_mean": curve(range(1, 6), lambda _: 3e-3)})
    options = {"metric": "kl/reference_mean", "budget": 1e-3, "num_iterations": 3}
    assert kl_budget.judge(history, 5, options).ratio == pytest.approx(3)
    assert kl_budget.judge(history, 5, {**options, "metric": "kl/reference_nats"}) is None


def test_a_kl_that_trembles_below_its_budget_is_never_told():
    """100 runs of 200 iterations at 80 % of the budget, with noise of a fifth of it."""
    random = np.random.default_rng(6)
    options = {**kl_budget.DEFINITION.defaults, "budget": 10, "num_iterations": 20}
    runs = 100
    told = 0
    for _ in range(runs):
        history = History({"kl/reference_nats": Series.of(list(enumerate(random.normal(8, 2, 200), 1)))})
        told += any(kl_budget.judge(history, at, options).ratio >= 1 for at in range(20, 201))
    # The mean of 20 is 4.5 of its standard errors below the budget: about 1e-5 an iteration.
    assert told <= 1


def test_groups_without_a_signal():
    history = History({"reward/zero_groups": curve(range(1, 11), lambda at: at / 10)})
    options = group_variance.DEFINITION.defaults
    reading = group_variance.judge(history, 10, options)
    assert reading.ratio == pytest.approx(0.8 / 0.8) and "80 % of the groups" in reading.summary
    assert group_variance.judge(history, 8, options).ratio == pytest.approx(0.6 / 0.8)
    assert group_variance.judge(history, 4, options) is None


@pytest.mark.parametrize("spread, ratio", [(0.1, 0.5), (0.025, 2.0), (0.0, 2.0**20)])
def test_a_spread_of_rewards_below_what_was_asked(spread, ratio):
    history = History(
        {key: curve(range(1, 6), lambda _, v=v: v) for key, v in (("reward/zero_groups", 0.0), ("reward/std", spread))}
    )
    options = {**group_variance.DEFINITION.defaults, "min_std": 0.05}
    assert group_variance.judge(history, 5, options).ratio == pytest.approx(ratio)
    assert group_variance.judge(history, 5, {**options, "min_std": None}).ratio == 0


def test_skipped_steps_are_counted_over_the_last_iterations():
    history = History({"optim/skipped_steps": curve(range(1, 31), lambda at: 2.0 if at in (10, 12) else 0.0)})
    options = not_finite.DEFINITION.defaults
    counts = [not_finite.judge(history, at, options).ratio for at in (9, 10, 12, 19, 20, 22)]
    assert counts == [0, 2, 4, 4, 2, 0]
    assert "4 optimizer steps were skipped" in not_finite.judge(history, 12, options).summary


def test_scores_that_are_no_numbers_are_counted_too():
    bad = Evaluated(30, "held-out", {"quality": Scored(None), "reward": Scored(0.5)})
    reading = not_finite.judge(History({}, [bad]), 30, not_finite.DEFINITION.defaults)
    assert reading.ratio == 1 and "quality on held-out" in reading.summary


def test_no_progress_is_told_again_when_the_time_has_doubled():
    options, told, news = {"minutes": 30}, None, []
    for minutes in range(0, 130, 10):
        told, is_news = advance(told, no_progress.judge_still(minutes, "train", options).ratio)
        news += [minutes] if is_news else []
    assert news == [30, 60, 120]
    assert no_progress.judge_still(31, "train", options).summary == "Nothing has moved for 31 minutes (train)."
    assert math.isclose(no_progress.judge_still(15, "", options).ratio, 0.5)
