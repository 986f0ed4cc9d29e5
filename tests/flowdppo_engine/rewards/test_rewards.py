import math

import numpy as np
import pytest
import torch

from flowdppo_engine.config import RunConfig, SandboxPictureQuality, SandboxSoftTifa
from flowdppo_engine.prompts import Prompt, Question, load_prompts
from flowdppo_engine.rewards.base import Measurement, Reward, RewardError
from flowdppo_engine.rewards.registry import make_reward, make_reward_suite
from flowdppo_engine.rewards.sandbox import PictureQualityReward, SoftTifaReward
from flowdppo_engine.rewards.suite import RewardSuite, Scored

QUESTION = Question("How many red circles are there?", "two")
PROMPTS = [Prompt("one", (QUESTION,) * 2), Prompt("two", (QUESTION,) * 3)]
IMAGES = torch.zeros(2, 3, 8, 8)


def fake_answers(images, prompts):
    return [np.array([0.9, 0.4], np.float32), np.array([0.8, 0.6, 1.0], np.float32)]


class Fixed(Reward):
    score_range = (0.0, 1.0)

    def __init__(self, name, values):
        self.name = name
        self._values = values

    def measure(self, images, prompts):
        if isinstance(self._values, Exception):
            raise self._values
        values = torch.tensor(self._values)
        return Measurement(values, {self.name: values})


@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [("am", [0.65, 0.8]), ("gm", [math.sqrt(0.36), 0.48 ** (1 / 3)])],
)
def test_soft_tifa_aggregates_as_asked(aggregation, expected):
    measured = SoftTifaReward(SandboxSoftTifa(aggregation=aggregation), fake_answers).measure(IMAGES, PROMPTS)
    assert measured.reward.dtype == torch.float32
    assert measured.reward.tolist() == pytest.approx(expected, rel=1e-6)


def test_soft_tifa_logs_its_scores_of_one_pass_from_0_to_100():
    calls = []

    def counted(images, prompts):
        calls.append(len(prompts))
        return fake_answers(images, prompts)

    scores = SoftTifaReward(SandboxSoftTifa(), counted).measure(IMAGES, PROMPTS).scores
    assert calls == [2]
    assert scores["sandbox_soft_tifa_strict"].tolist() == [0.0, 100.0]
    assert scores["sandbox_soft_tifa_am"].tolist() == pytest.approx([65, 80])
    assert scores["sandbox_soft_tifa_gm"].tolist() == pytest.approx([60, 100 * 0.48 ** (1 / 3)])
    assert scores["sandbox_soft_tifa"].tolist() == scores["sandbox_soft_tifa_gm"].tolist()


def test_geometric_mean_of_a_certainly_wrong_answer_is_small_and_finite():
    reward = SoftTifaReward(SandboxSoftTifa(), lambda images, prompts: [np.array([0.0, 1.0], np.float32)])
    assert reward.measure(IMAGES[:1], PROMPTS[:1]).reward.item() == pytest.approx(1e-3)


def test_soft_tifa_refuses_a_prompt_without_questions():
    with pytest.raises(RewardError, match="'plain' has none"):
        SoftTifaReward(SandboxSoftTifa(), fake_answers).measure(IMAGES, [PROMPTS[0], Prompt("plain")])


def test_picture_quality_is_rewarded_as_it_is_and_logged_from_0_to_100():
    reward = PictureQualityReward(SandboxPictureQuality(), lambda images: torch.tensor([0.25, 0.5]))
    measured = reward.measure(IMAGES, PROMPTS)
    assert measured.reward.tolist() == [0.25, 0.5]
    assert measured.scores["sandbox_picture_quality"].tolist() == [25, 50]


def test_real_checker_and_quality_stay_in_their_range():
    prompts = load_prompts("sandbox:in_domain")[:6]
    scored = make_reward_suite(RunConfig(), torch.device("cpu")).measure(torch.rand(6, 3, 64, 64), prompts)
    assert set(scored.rewards) == {"sandbox_soft_tifa", "sandbox_picture_quality"}
    for values in scored.scores.values():
        assert values.shape == (6,) and values.min() >= 0 and values.max() <= 100
    assert (scored.scores["sandbox_soft_tifa_am"] >= scored.scores["sandbox_soft_tifa_gm"] - 1.01e-4).all()


def test_every_reward_of_the_config_has_its_class():
    for config in RunConfig().rewards:
        assert make_reward(config).name == config.name


def test_a_reward_of_weight_zero_is_scored_all_the_same():
    suite = RewardSuite({Fixed("trained", [0.1, 0.2]): 1.0, Fixed("logged", [0.3, 0.4]): 0.0})
    assert suite.weights == {"trained": 1.0, "logged": 0.0}
    assert set(suite.measure(IMAGES, PROMPTS).rewards) == {"trained", "logged"}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0.5, math.nan], "reward broken gave nan for 1 of 2 images, first for the prompt 'two'"),
        ([math.inf, 0.5], "reward broken gave inf for 1 of 2 images, first for the prompt 'one'"),
        ([0.5], r"reward broken gave shape \(1,\) for 2 images"),
        (OSError("no route to host"), "reward broken failed on 2 images: OSError: no route to host"),
    ],
)
def test_a_reward_that_fails_is_told_and_never_a_zero(values, message):
    with pytest.raises(RewardError, match=message):
        RewardSuite({Fixed("broken", values): 1.0}).measure(IMAGES, PROMPTS)


def test_parts_are_joined_in_order():
    parts = [Scored({"r": torch.tensor([1.0])}, {"s": torch.tensor([2.0])}) for _ in range(2)]
    joined = Scored.cat([*parts, Scored({"r": torch.tensor([3.0])}, {"s": torch.tensor([4.0])})])
    assert joined.rewards["r"].tolist() == [1, 1, 3] and joined.scores["s"].tolist() == [2, 2, 4]
