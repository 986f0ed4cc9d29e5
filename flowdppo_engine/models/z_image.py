"""Z-Image."""

from collections.abc import Sequence
from typing import Any

import torch
from diffusers import ZImagePipeline
from diffusers.models.transformers.transformer_z_image import SEQ_MULTI_OF
from diffusers.pipelines.z_image.pipeline_z_image import get_default_z_image_sigmas

from flowdppo_engine.models.conditions import Conditions
from flowdppo_engine.models.pipeline_model import PipelineModel, check_image_size
from flowdppo_engine.models.schedules import shift_by_length


class ZImageModel(PipelineModel):
    """A Z-Image pipeline as a policy: latents `[C, H, W]`, and a language model that reads the prompt as a chat.

    Guidance means here what it means elsewhere, 1 is none; the pipeline's own scale is one less.
    """

    pipeline_class = ZImagePipeline
    default_lora_targets = ("attention.to_q", "attention.to_k", "attention.to_v", "attention.to_out.0")

    def find_truncated(self, texts: Sequence[str]) -> list[str]:
        tokenizer, window = self.pipeline.tokenizer, self.config.max_sequence_length
        chats = tokenizer.apply_chat_template(
            [[{"role": "user", "content": text}] for text in texts],
            tokenize=False,
            add_generation_prompt=True,
            enable_thinking=True,
        )
        return [text for text, ids in zip(texts, tokenizer(chats).input_ids, strict=True) if len(ids) > window]

    def _fit_latents(self) -> tuple[int, int, int]:
        network, scale = self.transformer.config, self.pipeline.vae_scale_factor
        unit = scale * network.all_patch_size[0]
        check_image_size(self.config, unit, largest=min(network.axes_lens[1:]) * unit)
        height, width = self.config.image_size
        return (network.in_channels, height // scale, width // scale)

    def _schedule(self, num_steps: int) -> dict[str, Any]:
        _, height, width = self.latent_shape
        num_tokens = height * width // self.transformer.config.all_patch_size[0] ** 2
        mu = shift_by_length(self.pipeline.scheduler.config, num_tokens)
        return {"sigmas": get_default_z_image_sigmas(num_steps), "mu": mu}

    def _encode(self, texts: list[str]) -> Conditions:
        embeds, _ = self.pipeline.encode_prompt(
            texts,
            do_classifier_free_guidance=False,
            max_sequence_length=self.config.max_sequence_length,
            device=self.device,
        )
        return Conditions.ragged("embeds", embeds)

    def _predict(self, sample: torch.Tensor, sigma: torch.Tensor, condition: Conditions) -> torch.Tensor:
        """The network's time runs from noise to data, and so does its velocity.

        It pads prompts to the longest that it sees, and leaves the attention mask out where none is shorter. Where the
        run has prompts of more than one such length, one more row, longer than any prompt of the run and thrown away
        afterwards, makes shape and mask the same for every batch. It costs a batch of B the time of B + 1.
        """
        images, embeds, times = list(sample.unsqueeze(2)), condition["embeds"], 1 - sigma
        prompts = [row[:length] for row, length in zip(embeds, condition.lengths["embeds"].tolist(), strict=True)]
        longest = embeds.shape[1]
        if longest > SEQ_MULTI_OF:
            ruler = condition.padded("embeds", longest + SEQ_MULTI_OF)[0]
            images, prompts, times = [*images, images[0]], [*prompts, ruler], torch.cat([times, times[:1]])
        velocities = self.transformer(images, times, prompts, return_dict=False)[0][: len(sample)]
        return -torch.stack(velocities).squeeze(2)

    def _decode(self, latents: torch.Tensor) -> torch.Tensor:
        vae = self.pipeline.vae
        latents = (latents / vae.config.scaling_factor + vae.config.shift_factor).to(vae.dtype)
        return vae.decode(latents, return_dict=False)[0]
