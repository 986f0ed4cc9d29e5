"""What the training loop asks of a model family.

Shapes: B images or videos, `...` a latent as its family has it: `[L, C]` packed, `[C, H, W]` of an image or
`[C, F, H, W]` of a video. Only the adapter knows which; elsewhere a latent is a tensor of `latent_shape`.
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

    @property
    @abstractmethod
    def network(self) -> torch.nn.Module:
        """What predicts the velocity, with its LoRA: frozen weights that may be shared out over processes."""

    @property
    @abstractmethod
    def repeated_blocks(self) -> list[torch.nn.Module]:
        """The blocks that the network is a stack of: what is compiled, or sharded, one at a time."""

    @abstractmethod
    def sigmas(self, num_steps: int) -> list[float]:
        """The sigma grid of the family's own pipeline for this size of image: `num_steps` values, descending from 1.

        The 0 that the last denoising step ends at is not among them.
        """

    @abstractmethod
    def encode_prompts(self, texts: Sequence[str]) -> Conditions:
        """Conditions of `texts`, in their order. Raises RuntimeError after `free_encoders`."""

    @abstractmethod
    def find_truncated(self, texts: Sequence[str]) -> list[str]:
        """Those of `texts` that are longer than the text encoders read: they lose their end."""

    @abstractmethod
    def free_encoders(self) -> None:
        """Drop the text encoders, once every prompt is encoded; guidance goes on working."""

    @abstractmethod
    def velocity(
        self,
        sample: torch.Tensor,
        sigma: torch.Tensor,
        condition: Conditions,
        guidance_scale: float = 1.0,
        unconditional_gradient: bool = False,
    ) -> torch.Tensor:
        """The velocity `noise - data` at `sample`, `[B, ...]` in the network's own dtype.

        Args:
            sample: `[B, ...]` fp32 latents.
            sigma: noise share, 0-d or `[B]`, fp32; 1 is pure noise.
            condition: B encoded prompts.
            guidance_scale: classifier-free guidance; 1 is none.
            unconditional_gradient: let the gradient run through the unconditional pass too. Without, a gradient misses
                the term `(1 - scale) * d(unconditional velocity)`, values are not affected, and an update saves a
                third of its time and half of its activations.
        """

    @abstractmethod
    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """Images `[B, 3, height, width]`, or videos `[B, F, 3, height, width]`, of latents `[B, ...]` fp32.

        fp32 in 0..1, on the CPU.
        """

    @abstractmethod
    def add_lora(self, config: LoraConfig, seed: int) -> None:
        """Add the trainable LoRA in fp32; its first output is zero. Raises BadConfig where no layer matches.

        Without `config.target_modules` the family's attention projections get one.
        """

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
