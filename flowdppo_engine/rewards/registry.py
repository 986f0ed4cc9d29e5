"""Which class answers to which reward name."""

from collections.abc import Callable
from typing import Any

import torch

from flowdppo_engine.config import (
    CustomRewardConfig,
    ImageRewardOptions,
    OcrConfig,
    RewardConfig,
    RewardModelOptions,
    RunConfig,
)
from flowdppo_engine.errors import BadConfig
from flowdppo_engine.rewards.base import Reward
from flowdppo_engine.rewards.frames import FrameWise
from flowdppo_engine.rewards.jpeg import JpegReward
from flowdppo_engine.rewards.model_rewards import load_model_reward
from flowdppo_engine.rewards.plugins import load_custom_reward
from flowdppo_engine.rewards.remote.http_reward import HttpReward
from flowdppo_engine.rewards.remote.vlm_judge import make_vlm_judge
from flowdppo_engine.rewards.sandbox import PictureQualityReward, SoftTifaReward
from flowdppo_engine.rewards.suite import RewardSuite

CPU = torch.device("cpu")


def _make_ocr(config: OcrConfig) -> Reward:
    from flowdppo_engine.rewards.ocr import OcrReward  # its libraries are slow to load, and few runs want it

    return OcrReward(config)


REWARDS: dict[str, Callable[[Any], Reward]] = {
    "sandbox_soft_tifa": SoftTifaReward,
    "sandbox_picture_quality": PictureQualityReward,
    "jpeg_compressibility": JpegReward,
    "jpeg_incompressibility": JpegReward,
    "ocr": _make_ocr,
    "http": HttpReward,
    "vlm_judge": make_vlm_judge,
}


def make_reward(config: RewardConfig, training_device: torch.device = CPU) -> Reward:
    """Raises BadConfig, and ModelNotFound where a reward's network cannot be loaded."""
    if isinstance(config, RewardModelOptions):
        return load_model_reward(config, training_device)
    if isinstance(config, CustomRewardConfig):
        return load_custom_reward(config, training_device)
    return REWARDS[config.name](config)


def make_reward_suite(config: RunConfig, training_device: torch.device) -> RewardSuite:
    """Every reward of the run with its weight. Raises BadConfig where one cannot be had on this machine."""
    draws_videos = config.model.num_frames > 1
    return RewardSuite(
        {
            _for_run(make_reward(reward, training_device), reward, draws_videos): reward.weight
            for reward in config.rewards
        },
        overlapping=[reward.logged_as for reward in config.rewards if reward.is_overlapping],
        asking=[reward.logged_as for reward in config.rewards if reward.asks_questions],
    )


def _for_run(reward: Reward, config: RewardConfig, draws_videos: bool) -> Reward:
    if reward.takes_videos or not draws_videos:
        return reward
    if not isinstance(config, ImageRewardOptions):
        raise BadConfig(f"rewards: {config.logged_as} scores single images, but the model draws videos: leave it out.")
    return FrameWise(reward, config.frames)
