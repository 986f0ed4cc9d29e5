"""FLUX.2: dev, whose guidance is distilled into an input, and klein, which is smaller and reads with another model."""

from collections.abc import Sequence

import torch
from diffusers import DiffusionPipeline, Flux2KleinPipeline, Flux2Pipeline
from diffusers.pipelines.flux2.pipeline_flux2 import compute_empirical_mu, format_input

from flowdppo_engine.config import ModelConfig
from flowdppo_engine.errors import BadConfig
from flowdppo_engine.models.conditions import Conditions
from flowdppo_engine.models.lora import JOINT_ATTENTION
from flowdppo_engine.models.packed import PackedModel, Positions


class Flux2Model(PackedModel):
    """FLUX.2-dev as a policy: a Mistral model reads the prompt, through a processor that needs torchvision installed.

    `guidance_scale` is true guidance, with a second pass; `config.distilled_guidance_scale` is told to the network.
    """

    pipeline_class = Flux2Pipeline

    def __init__(self, pipeline: DiffusionPipeline, config: ModelConfig):
        super().__init__(pipeline, config)
        self._positions = Positions(
            text=pipeline._prepare_text_ids(torch.empty(1, config.max_sequence_length, 0)),
            image=pipeline._prepare_latent_ids(torch.empty(1, self.latent_shape[1], *self.token_grid)),
        )

    @property
    def default_lora_targets(self) -> tuple[str, ...]:
        """A single-stream block's way out is called what a list of layers is called in a double-stream block."""
        num_single_blocks = self.transformer.config.num_single_layers
        last_of_single = (f"single_transformer_blocks.{i}.attn.to_out" for i in range(num_single_blocks))
        return (*JOINT_ATTENTION, "attn.to_qkv_mlp_proj", *last_of_single)

    def find_truncated(self, texts: Sequence[str]) -> list[str]:
        return [text for text in texts if self._num_tokens(text) > self.config.max_sequence_length]

    def _num_tokens(self, text: str) -> int:
        messages = format_input([text], self.pipeline.system_message)
        return len(
            self.pipeline.tokenizer.apply_chat_template(messages, tokenize=True, return_dict=True)["input_ids"][0]
        )

    def _shift(self, num_steps: int) -> float:
        return compute_empirical_mu(self.latent_shape[0], num_steps)

    def _encode(self, texts: list[str]) -> Conditions:
        embeds, _ = self.pipeline.encode_prompt(
            prompt=texts, device=self.device, max_sequence_length=self.config.max_sequence_length
        )
        return Conditions({"embeds": embeds})

    def _predict(self, sample: torch.Tensor, sigma: torch.Tensor, condition: Conditions) -> torch.Tensor:
        return self.transformer(
            hidden_states=sample,
            timestep=sigma,
            guidance=self._told_guidance(sample),
            encoder_hidden_states=condition["embeds"],
            **self._positions.on(sample.device),
            return_dict=False,
        )[0]

    def _decode(self, latents: torch.Tensor) -> torch.Tensor:
        vae = self.pipeline.vae
        patches = latents.transpose(1, 2).unflatten(2, self.token_grid)
        mean = vae.bn.running_mean.float().view(1, -1, 1, 1)
        std = (vae.bn.running_var.float() + vae.config.batch_norm_eps).sqrt().view(1, -1, 1, 1)
        latents = self.pipeline._unpatchify_latents(patches * std + mean)
        return vae.decode(latents.to(vae.dtype), return_dict=False)[0]


class Flux2KleinModel(Flux2Model):
    """FLUX.2-klein as a policy: a Qwen3 model reads the prompt, guidance is a second pass."""

    pipeline_class = Flux2KleinPipeline

    def _num_tokens(self, text: str) -> int:
        tokenizer = self.pipeline.tokenizer
        messages = [{"role": "user", "content": text}]
        prompt = tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True, enable_thinking=False
        )
        return len(tokenizer(prompt).input_ids)

    def _guide(self, conditional: torch.Tensor, unconditional: torch.Tensor, scale: float) -> torch.Tensor:
        if self.pipeline.config.is_distilled:
            raise BadConfig(
                f"guidance_scale = {scale}: model.source = {self.config.source!r} is distilled to few steps and has "
                "no guidance: give 1, or the base model."
            )
        return super()._guide(conditional, unconditional, scale)
