"""Which class answers to which reward name."""

from collections.abc import Callable
from typing import Any

from flowdppo_engine.config import RewardConfig, RunConfig
from flowdppo_engine.rewards.base import Reward
from flowdppo_engine.rewards.jpeg import JpegReward
from flowdppo_engine.rewards.sandbox import PictureQualityReward, SoftTifaReward
from flowdppo_engine.rewards.suite import RewardSuite

REWARDS: dict[str, Callable[[Any], Reward]] = {
    "sandbox_soft_tifa": SoftTifaReward,
    "sandbox_picture_quality": PictureQualityReward,
    "jpeg_compressibility": JpegReward,
    "jpeg_incompressibility": JpegReward,
}


def make_reward(config: RewardConfig) -> Reward:
    return REWARDS[config.name](config)


def make_reward_suite(config: RunConfig) -> RewardSuite:
    """Every reward of the run with its weight."""
    return RewardSuite({make_reward(reward): reward.weight for reward in config.rewards})
