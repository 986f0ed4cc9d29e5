"""PickScore: which image people would pick for the prompt (arXiv 2305.01569)."""

from collections.abc import Sequence

import torch

from flowdppo_engine.config import PickScoreConfig
from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.base import Measurement, Reward
from flowdppo_engine.rewards.clip import Clip
from flowdppo_engine.rewards.pictures import to_pictures


class PickScoreReward(Reward):
    """The cosine times the network's own logit scale, about 20 to 23; the reward is that over `divisor`."""

    def __init__(self, config: PickScoreConfig, clip: Clip):
        self.name = config.logged_as
        self._clip = clip
        self._divisor = config.divisor
        highest = clip.logit_scale / config.divisor
        self.score_range = (-highest, highest)

    @classmethod
    def load(cls, config: PickScoreConfig, device: torch.device) -> "PickScoreReward":
        """Raises ModelNotFound."""
        return cls(config, Clip.load(config, device, network_field="source", processor_field="processor_source"))

    def measure(self, images: torch.Tensor, prompts: Sequence[Prompt]) -> Measurement:
        cosine = self._clip.cosine(to_pictures(images), [prompt.text for prompt in prompts])
        score = self._clip.logit_scale * cosine
        return Measurement(score / self._divisor, {self.name: score})
