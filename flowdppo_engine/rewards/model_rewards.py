"""The rewards that load a network: each imported only where a run wants it, for their libraries are slow to load."""

from importlib import import_module

import torch

from flowdppo_engine.config import RewardModelOptions
from flowdppo_engine.errors import BadConfig
from flowdppo_engine.rewards.base import Reward

# Module in this package and class, which has `load(config, device)`.
MODEL_REWARDS = {
    "clip_score": ("clip_score", "ClipScoreReward"),
    "pick_score": ("pick_score", "PickScoreReward"),
    "hpsv2": ("hpsv2", "Hpsv2Reward"),
    "aesthetic": ("aesthetic", "AestheticReward"),
    "geneval2": ("geneval2", "GenEval2Reward"),
}


def load_model_reward(config: RewardModelOptions, training_device: torch.device) -> Reward:
    """Raises ModelNotFound, and BadConfig where this machine has no such device."""
    module, name = MODEL_REWARDS[config.name]
    reward_class = getattr(import_module(f"flowdppo_engine.rewards.{module}"), name)
    return reward_class.load(config, _device(config, training_device))


def _device(config: RewardModelOptions, training_device: torch.device) -> torch.device:
    if config.device == "training":
        return training_device
    try:
        device = torch.device(config.device)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise BadConfig(
            f"rewards.{config.logged_as}.device = {config.device!r} cannot be used here ({reason}): give training, "
            "cpu or a device of this machine such as cuda:0."
        ) from error
    return device
