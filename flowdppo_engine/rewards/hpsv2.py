"""HPSv2.1: how much people prefer an image for its prompt (arXiv 2306.09341)."""

from collections.abc import Sequence

import torch
from PIL import Image, ImageOps
from transformers import CLIPConfig, CLIPModel

from flowdppo_engine.config import Hpsv2Config
from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.base import Measurement, Reward
from flowdppo_engine.rewards.clip import Clip
from flowdppo_engine.rewards.open_clip import to_transformers
from flowdppo_engine.rewards.pictures import to_pictures
from flowdppo_engine.rewards.pretrained import build_network, load_part, load_weights


class Hpsv2Reward(Reward):
    """The cosine of the embeddings of a CLIP ViT-H-14 trained on preferences; 0.25 to 0.35 for a good image."""

    score_range = (-1.0, 1.0)

    def __init__(self, config: Hpsv2Config, clip: Clip, side: int):
        self.name = config.logged_as
        self._clip = clip
        self._side = side

    @classmethod
    def load(cls, config: Hpsv2Config, device: torch.device) -> "Hpsv2Reward":
        """Raises ModelNotFound and BadConfig."""
        shape = load_part(CLIPConfig.from_pretrained, config, "clip_source")
        network = build_network(CLIPModel, shape, to_transformers(load_weights(config)), config)
        return cls(config, Clip.of(network, config, device, "clip_source"), shape.vision_config.image_size)

    def measure(self, images: torch.Tensor, prompts: Sequence[Prompt]) -> Measurement:
        pictures = [_into_square(picture, self._side) for picture in to_pictures(images)]
        cosine = self._clip.cosine(pictures, [prompt.text for prompt in prompts])
        return Measurement(cosine, {self.name: cosine})


def _into_square(picture: Image.Image, side: int) -> Image.Image:
    """Unlike CLIP, HPSv2 shrinks the longer side and leaves the rest black, so that nothing is cut off."""
    return ImageOps.pad(picture, (side, side), Image.Resampling.BICUBIC, color=0)
