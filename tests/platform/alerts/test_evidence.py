"""Which samples show an alert."""

import pytest

from alerts.evidence import find_evidence, total_reward
from alerts.models import Kind
from runs.models import Sample
from tests.platform.alerts.watched_run import QUALITY, REWARD, samples_of

WEIGHTS = {REWARD: 1.0, QUALITY: 0.0}


def test_reward_hacking_shows_the_best_paid_samples_and_what_they_were(watched):
    watched.draw_scored(0, {"a": [1, 1], "b": [1, 1]})
    watched.draw_scored(30, {"a": [1, 1], "b": [1, 1]})
    watched.draw_scored(60, {"a": [10, 90], "b": [50, 70]})
    watched.draw_scored(70, {"a": [0, 0], "b": [0, 0]})
    pairs = find_evidence(watched.run, Kind.REWARD_HACKING, 65, 40, WEIGHTS)
    assert samples_of(pairs) == [("a", 1, 60, 30), ("b", 1, 60, 30), ("b", 0, 60, 30), ("a", 0, 60, 30)]


def test_over_the_budget_those_that_changed_most_come_first(watched):
    watched.draw_scored(0, {"a": [50, 50], "b": [50, 50]})
    watched.draw_scored(60, {"a": [50, 10], "b": [80, 55]})
    pairs = find_evidence(watched.run, Kind.KL_BUDGET, 60, 0, WEIGHTS)
    assert samples_of(pairs) == [("a", 1, 60, 0), ("b", 0, 60, 0), ("b", 1, 60, 0), ("a", 0, 60, 0)]


def test_without_a_signal_those_of_one_prompt_that_score_alike_come_first(watched):
    watched.draw_scored(0, {"a": [1, 2], "b": [3, 4]})
    watched.draw_scored(60, {"a": [10, 90], "b": [50, 50]})
    pairs = find_evidence(watched.run, Kind.GROUP_VARIANCE, 60, 0, WEIGHTS)
    assert [pair.now.prompt for pair in pairs] == ["b", "b", "a", "a"]


def test_numbers_that_are_not_finite_come_first(watched):
    watched.draw_scored(0, {"a": [1, 2], "b": [3, 4]})
    watched.draw_scored(60, {"a": [1, 2], "b": [3, float("nan")]})
    first = find_evidence(watched.run, Kind.NOT_FINITE, 60, 0, WEIGHTS)[0].now
    assert (first.prompt, first.seed, first.rewards[REWARD]) == ("b", 1, None)
    assert total_reward(first, WEIGHTS) is None


def test_a_run_that_stands_still_shows_its_last_samples_alone(watched):
    watched.draw_scored(0, {"a": [1, 2]})
    watched.draw_scored(60, {"a": [1, 2]})
    pairs = find_evidence(watched.run, Kind.NO_PROGRESS, 61, 0, WEIGHTS)
    assert samples_of(pairs) == [("a", 0, 60, None), ("a", 1, 60, None)]


@pytest.mark.parametrize("kind", Kind)
def test_there_may_be_none_yet_and_never_too_many(watched, kind):
    assert find_evidence(watched.run, kind, 60, 0, WEIGHTS) == []
    watched.draw_scored(30, {str(prompt): [1, 2] for prompt in range(20)})
    assert len(find_evidence(watched.run, kind, 60, 0, WEIGHTS)) == 6


def test_what_was_rolled_back_shows_nothing(watched):
    watched.draw_scored(0, {"a": [1, 2]})
    watched.draw_scored(60, {"a": [1, 2]})
    watched.stop_and_resume(30)
    pairs = find_evidence(watched.run, Kind.REWARD_HACKING, 60, 0, WEIGHTS)
    assert samples_of(pairs) == [("a", 1, 0, None), ("a", 0, 0, None)]
    assert Sample.objects.count() == 4
