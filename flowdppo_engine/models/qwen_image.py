"""Qwen-Image."""

from collections.abc import Sequence

import torch
from diffusers import QwenImagePipeline

from flowdppo_engine.models.conditions import Conditions
from flowdppo_engine.models.lora import JOINT_ATTENTION
from flowdppo_engine.models.packed import PackedModel


class QwenImageModel(PackedModel):
    """A Qwen-Image pipeline as a policy: a Qwen2.5-VL model reads the prompt, as long as it is."""

    pipeline_class = QwenImagePipeline
    default_lora_targets = JOINT_ATTENTION
    # What its authors guide with; an empty prompt would leave the template's own words alone.
    unconditional_prompt = " "

    def find_truncated(self, texts: Sequence[str]) -> list[str]:
        template, skipped = self.pipeline.prompt_template_encode, self.pipeline.prompt_template_encode_start_idx
        window = self.config.max_sequence_length + skipped
        prompts = self.pipeline.tokenizer([template.format(text) for text in texts]).input_ids
        return [text for text, ids in zip(texts, prompts, strict=True) if len(ids) > window]

    def _encode(self, texts: list[str]) -> Conditions:
        embeds, mask = self.pipeline.encode_prompt(
            prompt=texts, device=self.device, max_sequence_length=self.config.max_sequence_length
        )
        rows = embeds if mask is None else [row[valid.bool()] for row, valid in zip(embeds, mask, strict=True)]
        return Conditions.ragged("embeds", list(rows))

    def _predict(self, sample: torch.Tensor, sigma: torch.Tensor, condition: Conditions) -> torch.Tensor:
        return self.transformer(
            hidden_states=sample,
            timestep=sigma,
            guidance=self._told_guidance(sample),
            encoder_hidden_states=condition["embeds"],
            encoder_hidden_states_mask=condition.mask("embeds"),
            img_shapes=[[(1, *self.token_grid)]] * len(sample),
            return_dict=False,
        )[0]

    def _guide(self, conditional: torch.Tensor, unconditional: torch.Tensor, scale: float) -> torch.Tensor:
        """Each token keeps the length that it has without guidance."""
        guided = super()._guide(conditional, unconditional, scale)
        return guided * (conditional.norm(dim=-1, keepdim=True) / guided.norm(dim=-1, keepdim=True))

    def _decode(self, latents: torch.Tensor) -> torch.Tensor:
        """The autoencoder is a video's: its latents have a frame dimension, here of one."""
        vae = self.pipeline.vae
        latents = self.pipeline._unpack_latents(latents, *self.config.image_size, self.pipeline.vae_scale_factor)
        mean, std = (
            torch.tensor(values, device=latents.device).view(1, -1, 1, 1, 1)
            for values in (vae.config.latents_mean, vae.config.latents_std)
        )
        return vae.decode((latents * std + mean).to(vae.dtype), return_dict=False)[0][:, :, 0]
