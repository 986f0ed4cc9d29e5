"""Rewards of other packages, found by their entry points."""

from importlib.metadata import EntryPoint, entry_points

import torch

from flowdppo_engine.config import CustomRewardConfig
from flowdppo_engine.errors import BadConfig
from flowdppo_engine.rewards.base import Reward

GROUP = "flowdppo.rewards"


def load_custom_reward(config: CustomRewardConfig, device: torch.device) -> Reward:
    """Call the entry point with `name` (what the reward is to be called), `device` (the one that trains) and options.

    Raises BadConfig where no installed package declares it, and where it cannot be loaded or gives no Reward of that
    name.
    """
    field = f"rewards.{config.logged_as}"
    make = _load(_find(config, field), field)
    try:
        reward = make(name=config.logged_as, device=device, **config.keywords)
    except Exception as error:
        given = ", ".join(config.options) or "none"
        raise BadConfig(
            f"{field}: {config.entry_point} failed with the options {given}: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(reward, Reward):
        raise BadConfig(
            f"{field}.entry_point = {config.entry_point} gave a {type(reward).__name__}, no flowdppo_engine Reward."
        )
    if reward.name != config.logged_as:
        raise BadConfig(
            f"{field}: {config.entry_point} calls its reward {reward.name!r}: it must use the name it got."
        )
    return reward


def _find(config: CustomRewardConfig, field: str) -> EntryPoint:
    found = entry_points(group=GROUP)
    if config.entry_point not in found.names:
        installed = ", ".join(sorted(found.names)) or "none"
        raise BadConfig(
            f"{field}.entry_point = {config.entry_point!r}: no package here declares it in the group {GROUP}; "
            f"there is {installed}. Install the package, or correct the name."
        )
    same_name = found.select(name=config.entry_point)
    if len({entry.value for entry in same_name}) > 1:
        packages = ", ".join(sorted(entry.dist.name for entry in same_name))
        raise BadConfig(
            f"{field}.entry_point = {config.entry_point!r} is declared by {packages}: uninstall all but one."
        )
    return found[config.entry_point]


def _load(entry: EntryPoint, field: str):
    try:
        return entry.load()
    except Exception as error:
        raise BadConfig(
            f"{field}.entry_point = {entry.name} ({entry.value}) cannot be imported: {type(error).__name__}: {error}"
        ) from error
