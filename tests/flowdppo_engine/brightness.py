"""A reward that needs no prompt and no checker: the brighter the picture, the better."""

from flowdppo_engine.rewards.base import Measurement, Reward
from flowdppo_engine.rewards.suite import RewardSuite


class Brightness(Reward):
    name = "brightness"
    score_range = (0.0, 1.0)

    def measure(self, images, prompts):
        brightness = images.flatten(1).mean(dim=1)
        return Measurement(brightness, {self.name: brightness})


def brightness_suite() -> RewardSuite:
    return RewardSuite({Brightness(): 1.0})
