"""How large a latent is, from what a model family is known to be: before any weights are at hand."""

from dataclasses import dataclass

from flowdppo_engine.config.model import ModelConfig


@dataclass(frozen=True)
class LatentLayout:
    """Channels of a latent, and how many pixels and frames share one of its places."""

    num_channels: int
    pixels: int = 8
    frames: int = 1

    def num_dims(self, model: ModelConfig) -> int:
        height, width = model.image_size
        num_frames = (model.num_frames - 1) // self.frames + 1
        return self.num_channels * num_frames * (height // self.pixels) * (width // self.pixels)


SANDBOX = LatentLayout(4)
PUBLISHED = {
    "sd3": LatentLayout(16),
    "flux1": LatentLayout(16),
    "flux2": LatentLayout(32),
    "flux2_klein": LatentLayout(32),
    "qwen_image": LatentLayout(16),
    "z_image": LatentLayout(16),
    "wan": LatentLayout(16, frames=4),
}


def num_latent_dims(model: ModelConfig) -> int:
    """Elements of one latent of the family's published weights; a checkpoint of other dimensions may differ."""
    layout = SANDBOX if model.source == "sandbox" else PUBLISHED[model.family]
    return layout.num_dims(model)
