"""Wan 2.1 text-to-video."""

from collections.abc import Sequence
from typing import Any

import torch
from diffusers import WanPipeline
from diffusers.pipelines.wan.pipeline_wan import prompt_clean

from flowdppo_engine.config import ModelConfig
from flowdppo_engine.errors import BadConfig
from flowdppo_engine.models.conditions import Conditions
from flowdppo_engine.models.loading import Dtypes
from flowdppo_engine.models.pipeline_model import PipelineModel, check_image_size

NUM_TRAIN_TIMESTEPS = 1000


class WanModel(PipelineModel):
    """A Wan 2.1 pipeline as a policy: latents `[16, F, H, W]`, a T5 text encoder, and a decoder that stays in fp32.

    The sigma grid is that of the checkpoint's own scheduler; the published ones come with UniPC on flow sigmas, whose
    grid is walked here as any other. Wan 2.2, which has two networks or a timestep a token, is refused.
    """

    pipeline_class = WanPipeline
    default_lora_targets = ("to_q", "to_k", "to_v", "to_out.0")

    def sigmas(self, num_steps: int) -> list[float]:
        """UniPC starts a millionth below 1, for the sake of a logarithm that is not taken here."""
        first, *others = super().sigmas(num_steps)
        if abs(first - 1) > 1e-5:
            raise BadConfig(
                f"model.source = {self.config.source!r}: its scheduler starts at sigma = {first:g} instead of 1: "
                "choose a checkpoint whose scheduler has flow sigmas."
            )
        return [1.0, *others]

    def find_truncated(self, texts: Sequence[str]) -> list[str]:
        window = self.config.max_sequence_length
        return [text for text, length in zip(texts, self._count_tokens(texts), strict=True) if length > window]

    @classmethod
    def _check_saved(cls, saved: dict[str, Any], config: ModelConfig) -> None:
        if saved.get("transformer_2", (None, None))[0] or saved.get("expand_timesteps"):
            raise BadConfig(
                f"model.source = {config.source!r} holds a Wan 2.2 (two networks, or a timestep a token), which "
                "cannot be trained here: choose a Wan 2.1 text-to-video checkpoint."
            )

    @classmethod
    def _dtypes(cls, config: ModelConfig) -> Dtypes:
        return {"default": getattr(torch, config.dtype), "vae": torch.float32}

    def _fit_latents(self) -> tuple[int, int, int, int]:
        network, pipeline, num_frames = self.transformer.config, self.pipeline, self.config.num_frames
        scale, patch, every = pipeline.vae_scale_factor_spatial, network.patch_size, pipeline.vae_scale_factor_temporal
        if num_frames % every != 1:
            below = num_frames // every * every + 1
            raise BadConfig(
                f"model.num_frames = {num_frames} does not fit this model: give one more than a multiple of {every}, "
                f"such as {below} or {below + every}."
            )
        check_image_size(self.config, scale * patch[1], largest=network.rope_max_seq_len * scale * patch[1])
        height, width = self.config.image_size
        return (network.in_channels, (num_frames - 1) // every + 1, height // scale, width // scale)

    def _schedule(self, num_steps: int) -> dict[str, Any]:
        return {"num_inference_steps": num_steps}

    def _encode(self, texts: list[str]) -> Conditions:
        """The network reads zeros after a prompt's end, up to `max_sequence_length`; they need not be stored."""
        window = self.config.max_sequence_length
        embeds, _ = self.pipeline.encode_prompt(
            texts, do_classifier_free_guidance=False, max_sequence_length=window, device=self.device
        )
        lengths = torch.tensor(self._count_tokens(texts)).clamp(max=window)
        return Conditions({"embeds": embeds.to(self.dtype)}, {"embeds": lengths})

    def _predict(self, sample: torch.Tensor, sigma: torch.Tensor, condition: Conditions) -> torch.Tensor:
        return self.transformer(
            hidden_states=sample,
            timestep=sigma * NUM_TRAIN_TIMESTEPS,
            encoder_hidden_states=condition.padded("embeds", self.config.max_sequence_length),
            return_dict=False,
        )[0]

    def _decode(self, latents: torch.Tensor) -> torch.Tensor:
        vae = self.pipeline.vae
        mean, std = (
            torch.tensor(values, device=latents.device).view(1, -1, 1, 1, 1)
            for values in (vae.config.latents_mean, vae.config.latents_std)
        )
        return vae.decode((latents * std + mean).to(vae.dtype), return_dict=False)[0].transpose(1, 2)

    def _count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(ids) for ids in self.pipeline.tokenizer([prompt_clean(text) for text in texts]).input_ids]
