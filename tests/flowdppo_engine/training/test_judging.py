import pytest
import torch

from flowdppo_engine.config import AdvantageConfig
from flowdppo_engine.rewards.scored import Scored
from flowdppo_engine.training.judging import judge
from flowdppo_engine.training.processes import Processes

GOOD = torch.tensor([0.1, 0.3, 0.5, 0.9, 0.2, 0.2, 0.2, 0.2])
CLEAN = torch.tensor([10.0, 20.0, 10.0, 20.0, 40.0, 10.0, 20.0, 10.0])


def judged(rewards, weights, **config):
    scored = Scored(rewards, scores={})
    return judge(scored, weights, AdvantageConfig(**config), group_size=4, processes=Processes())


def test_advantages_are_those_of_the_weighted_sum():
    result = judged({"good": GOOD, "clean": CLEAN}, {"good": 2.0, "clean": 0.0})
    group = 2 * GOOD[:4].double()
    expected = (group - group.mean()) / (group.std(correction=0) + 1e-4)
    torch.testing.assert_close(result.advantages[:4], expected.float())
    assert result.advantages[4:].tolist() == [0.0] * 4
    assert result.zero_groups == 0.5
    torch.testing.assert_close(result.rewards, 2 * GOOD)


def test_gdpo_makes_rewards_of_any_size_count_alike():
    """Normalised first, ten thousand times the reward is the same reward."""
    weights = {"good": 1.0, "clean": 1.0}
    plain = judged({"good": GOOD, "clean": CLEAN}, weights, aggregation="gdpo", eps=1e-12)
    scaled = judged({"good": 1e4 * GOOD, "clean": CLEAN}, weights, aggregation="gdpo", eps=1e-12)
    torch.testing.assert_close(plain.advantages, scaled.advantages)
    summed = judged({"good": 1e4 * GOOD, "clean": CLEAN}, weights)
    assert not torch.allclose(summed.advantages, scaled.advantages, atol=0.1)
    assert plain.zero_groups == 0


def test_metrics_tell_each_reward_alone_also_one_that_is_only_watched():
    metrics = judged({"good": GOOD, "clean": CLEAN}, {"good": 1.0, "clean": 0.0}).metrics()
    assert metrics["reward/mean"] == metrics["reward/good"] == pytest.approx(float(GOOD.mean()))
    assert metrics["reward/good_std"] == metrics["reward/std"] == pytest.approx(float(GOOD.std(correction=0)))
    assert metrics["reward/clean"] == 17.5 and metrics["reward/clean_std"] == pytest.approx(93.75**0.5)
    assert metrics["reward/zero_groups"] == 0.5
