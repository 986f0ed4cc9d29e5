"""Stable Diffusion 3 and 3.5, and the sandbox's base model, which is one of them in small."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusion3Pipeline

from flowdppo_engine.config import ModelConfig
from flowdppo_engine.errors import ModelNotFound
from flowdppo_engine.models.conditions import Conditions
from flowdppo_engine.models.lora import JOINT_ATTENTION
from flowdppo_engine.models.pipeline_model import PipelineModel, check_image_size
from flowdppo_engine.models.schedules import shift_by_length

SANDBOX_BASE_MODEL = Path(__file__).parents[1] / "sandbox" / "base_model"
NUM_TRAIN_TIMESTEPS = 1000


class SD3Model(PipelineModel):
    """An SD3 pipeline as a policy: latents `[C, H, W]`, three text encoders of which T5 may be left out."""

    pipeline_class = StableDiffusion3Pipeline
    default_lora_targets = JOINT_ATTENTION

    @classmethod
    def load(cls, config: ModelConfig, device: torch.device) -> "SD3Model":
        if config.source == "sandbox":
            if not SANDBOX_BASE_MODEL.is_dir():
                raise ModelNotFound(
                    f"The sandbox's base model is missing: {SANDBOX_BASE_MODEL}. Run `pretrain-sandbox` to make it."
                )
            config = config.model_copy(update={"source": str(SANDBOX_BASE_MODEL)})
        return super().load(config, device)

    def find_truncated(self, texts: Sequence[str]) -> list[str]:
        """T5 reads further than CLIP; where it is there, what it reads counts."""
        tokenizer, window = self.pipeline.tokenizer_3, self.config.max_sequence_length
        if tokenizer is None:
            tokenizer, window = self.pipeline.tokenizer, self.pipeline.tokenizer_max_length
        return [text for text, ids in zip(texts, tokenizer(list(texts)).input_ids, strict=True) if len(ids) > window]

    def _fit_latents(self) -> tuple[int, int, int]:
        network, scale = self.transformer.config, self.pipeline.vae_scale_factor
        unit = scale * network.patch_size
        check_image_size(self.config, unit, largest=network.pos_embed_max_size * unit)
        height, width = self.config.image_size
        return (network.in_channels, height // scale, width // scale)

    def _schedule(self, num_steps: int) -> dict[str, Any]:
        options: dict[str, Any] = {"num_inference_steps": num_steps}
        scheduler = self.pipeline.scheduler.config
        if scheduler.use_dynamic_shifting:
            _, height, width = self.latent_shape
            num_tokens = height * width // self.transformer.config.patch_size**2
            options["mu"] = shift_by_length(scheduler, num_tokens)
        return options

    def _encode(self, texts: list[str]) -> Conditions:
        embeds, _, pooled, _ = self.pipeline.encode_prompt(
            prompt=texts,
            prompt_2=None,
            prompt_3=None,
            device=self.device,
            do_classifier_free_guidance=False,
            max_sequence_length=self.config.max_sequence_length,
        )
        return Conditions({"embeds": embeds, "pooled": pooled})

    def _predict(self, sample: torch.Tensor, sigma: torch.Tensor, condition: Conditions) -> torch.Tensor:
        return self.transformer(
            hidden_states=sample,
            timestep=sigma * NUM_TRAIN_TIMESTEPS,
            encoder_hidden_states=condition["embeds"],
            pooled_projections=condition["pooled"],
            return_dict=False,
        )[0]

    def _decode(self, latents: torch.Tensor) -> torch.Tensor:
        vae = self.pipeline.vae
        latents = latents / vae.config.scaling_factor + vae.config.shift_factor
        return vae.decode(latents.to(vae.dtype), return_dict=False)[0]
