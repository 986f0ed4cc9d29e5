"""What the training loop asks of a model family.

Shapes: B images, C latent channels, H and W latent height and width.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import torch

from flowdppo_engine.config import LoraConfig, ModelConfig
from flowdppo_engine.models.conditions import Conditions


class FlowModel(ABC):
    """A flow-matching model whose LoRA is the policy and whose frozen weights are the reference."""

    latent_shape: tuple[int, ...]

    @classmethod
    @abstractmethod
    def load(cls, config: ModelConfig, device: torch.device) -> "FlowModel":
        """The frozen model on `device`, without a LoRA. Raises ModelNotFound and BadConfig."""

    @property
    def num_latent_dims(self) -> int:
        return torch.Size(self.latent_shape).numel()

    @property
    @abstractmethod
    def device(self) -> torch.device: ...

    @abstractmethod
    def encode_prompts(self, texts: Sequence[str]) -> Conditions:
        """Conditions of `texts`, in their order."""

    @abstractmethod
    def find_truncated(self, texts: Sequence[str]) -> list[str]:
        """Those of `texts` that are longer than the text encoders read: they lose their end."""

    @abstractmethod
    def velocity(
        self, sample: torch.Tensor, sigma: torch.Tensor, condition: Conditions, guidance_scale: float = 1.0
    ) -> torch.Tensor:
        """The velocity `noise - image` at `sample`, in the network's own dtype.

        Args:
            sample: `[B, C, H, W]` fp32 latents.
            sigma: noise share, 0-d or `[B]`, fp32; 1 is pure noise.
            condition: B encoded prompts.
            guidance_scale: above 1, classifier-free guidance. The unconditional pass runs without a gradient, so a
                gradient misses the term `(1 - scale) * d(unconditional velocity)`; values are not affected. It saves
                a third of an update.
        """

    @abstractmethod
    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """Images `[B, 3, height, width]` fp32 in 0..1 of latents `[B, C, H, W]` fp32, on the CPU."""

    @abstractmethod
    def add_lora(self, config: LoraConfig, seed: int) -> None:
        """Add the trainable LoRA in fp32; its first output is zero. Raises BadConfig where no layer matches."""

    @abstractmethod
    def trainable_parameters(self) -> dict[str, torch.nn.Parameter]:
        """The LoRA's parameters by name, in a fixed order."""

    @abstractmethod
    def reference(self) -> AbstractContextManager[None]:
        """Inside, the model is the frozen one: the LoRA is off."""

    @abstractmethod
    def save_lora(self, folder: Path) -> None:
        """Write the LoRA as `pytorch_lora_weights.safetensors` in the diffusers format."""

    @abstractmethod
    def load_lora(self, folder: Path) -> None:
        """Restore the LoRA in place; the parameters stay the same objects. Raises ValueError on foreign weights."""
