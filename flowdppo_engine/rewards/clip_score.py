"""CLIPScore: how well an image agrees with its prompt (arXiv 2104.08718, without its factor of 2.5)."""

from collections.abc import Sequence

import torch

from flowdppo_engine.config import ClipScoreConfig
from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.base import Measurement, Reward
from flowdppo_engine.rewards.clip import Clip
from flowdppo_engine.rewards.pictures import to_pictures


class ClipScoreReward(Reward):
    """The cosine of the CLIP embeddings of image and prompt; 0.25 to 0.35 for a good image."""

    score_range = (-1.0, 1.0)

    def __init__(self, config: ClipScoreConfig, clip: Clip):
        self.name = config.logged_as
        self._clip = clip

    @classmethod
    def load(cls, config: ClipScoreConfig, device: torch.device) -> "ClipScoreReward":
        """Raises ModelNotFound."""
        return cls(config, Clip.load(config, device, network_field="source", processor_field="source"))

    def measure(self, images: torch.Tensor, prompts: Sequence[Prompt]) -> Measurement:
        cosine = self._clip.cosine(to_pictures(images), [prompt.text for prompt in prompts])
        return Measurement(cosine, {self.name: cosine})
