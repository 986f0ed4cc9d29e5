"""FLUX.1: dev, whose guidance is distilled into an input, and models without that."""

from collections.abc import Sequence

import torch
from diffusers import FluxPipeline

from flowdppo_engine.config import ModelConfig
from flowdppo_engine.models.conditions import Conditions
from flowdppo_engine.models.lora import JOINT_ATTENTION
from flowdppo_engine.models.packed import PackedModel, Positions


class Flux1Model(PackedModel):
    """A FLUX.1 pipeline as a policy. T5 reads the prompt; CLIP gives one pooled vector of its beginning.

    `guidance_scale` is true guidance, with a second pass; `config.distilled_guidance_scale` is told to the network.
    """

    pipeline_class = FluxPipeline
    default_lora_targets = JOINT_ATTENTION

    def __init__(self, pipeline: FluxPipeline, config: ModelConfig):
        super().__init__(pipeline, config)
        self._positions = Positions(
            text=torch.zeros(config.max_sequence_length, 3),
            image=pipeline._prepare_latent_image_ids(1, *self.token_grid, "cpu", torch.float32),
        )

    def find_truncated(self, texts: Sequence[str]) -> list[str]:
        """CLIP's pooled vector sees less, but T5 is where the words are read."""
        lengths = map(len, self.pipeline.tokenizer_2(list(texts)).input_ids)
        return [text for text, length in zip(texts, lengths, strict=True) if length > self.config.max_sequence_length]

    def _encode(self, texts: list[str]) -> Conditions:
        embeds, pooled, _ = self.pipeline.encode_prompt(
            prompt=texts, device=self.device, max_sequence_length=self.config.max_sequence_length
        )
        return Conditions({"embeds": embeds, "pooled": pooled})

    def _predict(self, sample: torch.Tensor, sigma: torch.Tensor, condition: Conditions) -> torch.Tensor:
        return self.transformer(
            hidden_states=sample,
            timestep=sigma,
            guidance=self._told_guidance(sample),
            encoder_hidden_states=condition["embeds"],
            pooled_projections=condition["pooled"],
            **self._positions.on(sample.device),
            return_dict=False,
        )[0]

    def _decode(self, latents: torch.Tensor) -> torch.Tensor:
        vae = self.pipeline.vae
        latents = self.pipeline._unpack_latents(latents, *self.config.image_size, self.pipeline.vae_scale_factor)
        latents = latents / vae.config.scaling_factor + vae.config.shift_factor
        return vae.decode(latents.to(vae.dtype), return_dict=False)[0]
