"""What the families that pack a latent share: each 2x2 square of it is one token."""

from typing import Any

import numpy as np
import torch

from flowdppo_engine.models.pipeline_model import PipelineModel, check_image_size
from flowdppo_engine.models.schedules import shift_by_length


class Positions:
    """Where the tokens of prompt and image are, as the network wants them; on the device of the last call.

    The network may be moved after it is loaded, and copying them at every pass would hold up an accelerator.
    """

    def __init__(self, text: torch.Tensor, image: torch.Tensor):
        self._text, self._image = text, image

    def on(self, device: torch.device) -> dict[str, torch.Tensor]:
        """Arguments of the network's forward pass."""
        self._text, self._image = self._text.to(device), self._image.to(device)
        return {"txt_ids": self._text, "img_ids": self._image}


class PackedModel(PipelineModel):
    """Latents are `[L, C]`: L tokens, row by row, of C channels."""

    @property
    def token_grid(self) -> tuple[int, int]:
        """Height and width in tokens."""
        unit = 2 * self.pipeline.vae_scale_factor
        height, width = self.config.image_size
        return height // unit, width // unit

    def _fit_latents(self) -> tuple[int, int]:
        check_image_size(self.config, unit=2 * self.pipeline.vae_scale_factor)
        height, width = self.token_grid
        return (height * width, self.transformer.config.in_channels)

    def _schedule(self, num_steps: int) -> dict[str, Any]:
        return {"sigmas": np.linspace(1.0, 1 / num_steps, num_steps), "mu": self._shift(num_steps)}

    def _shift(self, num_steps: int) -> float:
        return shift_by_length(self.pipeline.scheduler.config, self.latent_shape[0])

    def _told_guidance(self, sample: torch.Tensor) -> torch.Tensor | None:
        """`[B]` fp32, for a network whose guidance has been distilled into an input of its own."""
        if not self.transformer.config.guidance_embeds:
            return None
        return torch.full((len(sample),), self.config.distilled_guidance_scale, device=sample.device)
