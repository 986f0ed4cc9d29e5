"""LAION's aesthetic predictor v2 (sac+logos+ava1-l14-linearMSE): how good an image looks, whatever its prompt."""

from collections.abc import Mapping, Sequence

import torch

from flowdppo_engine.config import AestheticConfig
from flowdppo_engine.errors import ModelNotFound
from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.base import Measurement, Reward
from flowdppo_engine.rewards.clip import Clip
from flowdppo_engine.rewards.pictures import to_pictures
from flowdppo_engine.rewards.pretrained import load_weights

# Where the linear layers stand in the published network; between them is dropout, which scoring has no use for.
LINEAR_LAYERS = (0, 2, 4, 6, 7)


class AestheticReward(Reward):
    """The rating that people would give, from 1 to 10 in the training data; most images get 4 to 7."""

    score_range = (-float("inf"), float("inf"))

    def __init__(self, config: AestheticConfig, clip: Clip, head: torch.nn.Sequential):
        self.name = config.logged_as
        self._clip = clip
        self._head = head

    @classmethod
    def load(cls, config: AestheticConfig, device: torch.device) -> "AestheticReward":
        """Raises ModelNotFound and BadConfig."""
        head = _make_head(load_weights(config), config)
        return cls(config, Clip.load(config, device, network_field="clip_source", processor_field="clip_source"), head)

    @torch.no_grad()
    def measure(self, images: torch.Tensor, prompts: Sequence[Prompt]) -> Measurement:
        rating = self._head(self._clip.embed_pictures(to_pictures(images))).squeeze(-1)
        return Measurement(rating, {self.name: rating})


def _make_head(weights: Mapping[str, torch.Tensor], config: AestheticConfig) -> torch.nn.Sequential:
    """The layers in fp32 on the CPU, where the embeddings are: they are too small to gain from a GPU."""
    layers = []
    for index in LINEAR_LAYERS:
        weight, bias = (_find(weights, f"layers.{index}.{kind}", config).float() for kind in ("weight", "bias"))
        layer = torch.nn.Linear(weight.shape[1], weight.shape[0])
        layer.load_state_dict({"weight": weight, "bias": bias})
        layers.append(layer)
    return torch.nn.Sequential(*layers).requires_grad_(False).eval()


def _find(weights: Mapping[str, torch.Tensor], name: str, config: AestheticConfig) -> torch.Tensor:
    """Under whatever prefix: the hub has the predictor by itself and as a part of larger models."""
    found = [tensor for full_name, tensor in weights.items() if full_name == name or full_name.endswith(f".{name}")]
    if len(found) != 1:
        raise ModelNotFound(
            f"rewards.{config.logged_as}.source = {config.source!r} holds {len(found)} tensors of the name {name} "
            "and should hold one: give the linear predictor sac+logos+ava1-l14-linearMSE."
        )
    return found[0]
