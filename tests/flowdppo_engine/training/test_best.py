import math

import pytest

from flowdppo_engine.errors import BadConfig
from flowdppo_engine.events import Evaluation, Score
from flowdppo_engine.rewards.base import Reward
from flowdppo_engine.rewards.suite import RewardSuite
from flowdppo_engine.training.best import BestScore


class Named(Reward):
    score_range = (0.0, 1.0)

    def __init__(self, name, higher_is_better=True):
        self.name, self.higher_is_better = name, higher_is_better

    def measure(self, images, prompts):
        raise NotImplementedError


def evaluations(means, score="quality", prompt_set="first"):
    def make(iteration, mean):
        scores = {score: Score(mean=mean, low=mean, high=mean, per_prompt=[mean])}
        return Evaluation(
            iteration=iteration, step=2 * iteration, prompt_set=prompt_set, num_prompts=1, scores=scores, difference={}
        )

    return {(iteration, prompt_set): make(iteration, mean) for iteration, mean in means.items()}


def order(best, told):
    return [evaluation.iteration for evaluation in best.ranked(told)]


def test_the_best_come_first_and_of_equals_the_earlier():
    told = evaluations({0: 0.1, 2: 0.5, 4: 0.9, 6: 0.5}) | evaluations({8: 1.0}, prompt_set="second")
    assert order(BestScore("quality", "first", higher_is_better=True), told) == [4, 2, 6, 0]
    assert order(BestScore("quality", "first", higher_is_better=False), told) == [0, 2, 6, 4]


def test_what_has_no_number_is_never_the_best():
    told = evaluations({2: math.nan, 4: 0.1})
    assert order(BestScore("quality", "first", higher_is_better=True), told) == [4]


def test_a_score_that_no_reward_logs_is_refused_with_those_there_are():
    with pytest.raises(BadConfig, match=r"checkpoint.best_score = 'quality_sharp' .* give one of quality"):
        BestScore("quality_sharp", "first", higher_is_better=True).ranked(evaluations({0: 0.1}))


@pytest.mark.parametrize(
    ("weights", "best_score", "name", "higher_is_better"),
    [
        ({"logged": 0.0, "quality": 1.0}, None, "quality", True),
        ({"logged": 0.0}, None, "logged", True),
        ({"quality": -1.0}, None, "quality", False),
        ({"badness": 1.0}, None, "badness", False),
        ({"quality": 1.0, "badness": 0.0}, "badness", "badness", False),
        ({"quality": -1.0, "quality_fine": 1.0}, "quality_fine_red", "quality_fine_red", True),
    ],
)
def test_which_score_and_which_way(make_config, weights, best_score, name, higher_is_better):
    rewards = RewardSuite({Named(reward, reward != "badness"): weight for reward, weight in weights.items()})
    config = make_config()
    config = config.model_copy(
        update={"checkpoint": config.checkpoint.model_copy(update={"keep_best": 1, "best_score": best_score})}
    )
    best = BestScore.of(config, rewards)
    assert best == BestScore(name, config.evaluation.prompt_sets[0], higher_is_better)
