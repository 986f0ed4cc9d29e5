"""Stable Diffusion 3 and 3.5, and the sandbox's base model, which is one of them in small."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import torch
from diffusers import StableDiffusion3Pipeline
from diffusers.configuration_utils import FrozenDict

from flowdppo_engine.config import LoraConfig, ModelConfig
from flowdppo_engine.errors import BadConfig, ModelNotFound
from flowdppo_engine.models import lora
from flowdppo_engine.models.base import FlowModel
from flowdppo_engine.models.conditions import Conditions

SANDBOX_BASE_MODEL = Path(__file__).parents[1] / "sandbox" / "base_model"
NUM_TRAIN_TIMESTEPS = 1000
# Decoded at once: what stays in a CPU's cache, and what fits beside the weights on an accelerator.
MAX_DECODED_PIXELS = {"cpu": 2**18}
MAX_DECODED_PIXELS_ELSEWHERE = 2**21


class SD3Model(FlowModel):
    """An SD3 pipeline as a policy. The network predicts the velocity `noise - image` directly."""

    def __init__(self, pipeline: StableDiffusion3Pipeline, config: ModelConfig):
        self.pipeline = pipeline
        self.transformer = pipeline.transformer
        self._max_sequence_length = config.max_sequence_length
        self._unconditional: Conditions | None = None
        self.latent_shape = _latent_shape(pipeline, config.resolution)
        for component in (self.transformer, pipeline.vae, *self._text_encoders()):
            component.requires_grad_(False).eval()
        pipeline.vae.to(memory_format=torch.channels_last)

    @classmethod
    def load(cls, config: ModelConfig, device: torch.device) -> "SD3Model":
        source = SANDBOX_BASE_MODEL if config.source == "sandbox" else Path(config.source)
        is_local = source.is_dir()
        if config.source == "sandbox" and not is_local:
            raise ModelNotFound(f"The sandbox's base model is missing: {source}. Run `pretrain-sandbox` to make it.")
        name = str(source) if is_local else config.source
        where = {"revision": config.revision, "local_files_only": is_local}
        try:
            pipeline = StableDiffusion3Pipeline.from_pretrained(
                name, dtype=getattr(torch, config.dtype), use_safetensors=True, **where, **_left_out(name, where)
            )
        except (OSError, ValueError) as error:
            raise ModelNotFound(f"model.source = {config.source!r} could not be loaded: {error}") from error
        return cls(pipeline.to(device), config)

    @property
    def device(self) -> torch.device:
        return self.transformer.device

    @torch.no_grad()
    def encode_prompts(self, texts: Sequence[str]) -> Conditions:
        embeds, _, pooled, _ = self.pipeline.encode_prompt(
            prompt=list(texts),
            prompt_2=None,
            prompt_3=None,
            device=self.device,
            do_classifier_free_guidance=False,
            max_sequence_length=self._max_sequence_length,
        )
        return Conditions({"embeds": embeds, "pooled": pooled})

    def find_truncated(self, texts: Sequence[str]) -> list[str]:
        """T5 reads further than CLIP; where it is there, what it reads counts."""
        tokenizer, window = self.pipeline.tokenizer_3, self._max_sequence_length
        if tokenizer is None:
            tokenizer, window = self.pipeline.tokenizer, self.pipeline.tokenizer_max_length
        return [text for text, ids in zip(texts, tokenizer(list(texts)).input_ids, strict=True) if len(ids) > window]

    def velocity(
        self, sample: torch.Tensor, sigma: torch.Tensor, condition: Conditions, guidance_scale: float = 1.0
    ) -> torch.Tensor:
        sample = sample.to(self.transformer.dtype)
        timestep = (sigma * NUM_TRAIN_TIMESTEPS).expand(len(sample))
        conditional = self._forward(sample, timestep, condition)
        if guidance_scale == 1.0:
            return conditional
        with torch.no_grad():
            unconditional = self._forward(sample, timestep, self._empty_prompt(len(sample)))
        return unconditional + guidance_scale * (conditional - unconditional)

    @torch.no_grad()
    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        vae = self.pipeline.vae
        latents = latents.to(vae.dtype) / vae.config.scaling_factor + vae.config.shift_factor
        pixels_per_image = latents.shape[-2] * latents.shape[-1] * self.pipeline.vae_scale_factor**2
        max_pixels = MAX_DECODED_PIXELS.get(self.device.type, MAX_DECODED_PIXELS_ELSEWHERE)
        chunks = latents.contiguous(memory_format=torch.channels_last).split(max(1, max_pixels // pixels_per_image))
        images = [vae.decode(chunk, return_dict=False)[0].float().cpu() for chunk in chunks]
        return torch.cat(images).contiguous().mul_(0.5).add_(0.5).clamp_(0, 1)

    def add_lora(self, config: LoraConfig, seed: int) -> None:
        lora.add_lora(self.transformer, config, seed)

    def trainable_parameters(self) -> dict[str, torch.nn.Parameter]:
        return lora.trainable_parameters(self.transformer)

    def reference(self) -> AbstractContextManager[None]:
        return lora.lora_disabled(self.transformer)

    def save_lora(self, folder: Path) -> None:
        lora.save_lora(self.transformer, type(self.pipeline), folder)

    def load_lora(self, folder: Path) -> None:
        lora.load_lora(self.transformer, folder)

    def _forward(self, sample: torch.Tensor, timestep: torch.Tensor, condition: Conditions) -> torch.Tensor:
        return self.transformer(
            hidden_states=sample,
            timestep=timestep,
            encoder_hidden_states=condition["embeds"],
            pooled_projections=condition["pooled"],
            return_dict=False,
        )[0]

    def _empty_prompt(self, batch_size: int) -> Conditions:
        if self._unconditional is None:
            self._unconditional = self.encode_prompts([""])
        return self._unconditional.take(torch.zeros(batch_size, dtype=torch.long))

    def _text_encoders(self) -> list[torch.nn.Module]:
        encoders = (self.pipeline.text_encoder, self.pipeline.text_encoder_2, self.pipeline.text_encoder_3)
        return [encoder for encoder in encoders if encoder is not None]


def _left_out(name: str, where: dict) -> dict[str, None]:
    """The components that the saved pipeline is without, such as T5; diffusers wants them named."""
    saved = StableDiffusion3Pipeline.load_config(name, **where)
    return {part: None for part, kind in saved.items() if isinstance(kind, list | tuple) and kind[0] is None}


def _latent_shape(pipeline: StableDiffusion3Pipeline, resolution: int) -> tuple[int, int, int]:
    """`(C, H, W)`. Raises BadConfig where the network cannot take it."""
    network = pipeline.transformer.config
    unit, largest = pipeline.vae_scale_factor * network.patch_size, pipeline.vae_scale_factor * _largest_side(network)
    if resolution % unit or resolution > largest:
        raise BadConfig(
            f"model.resolution = {resolution} does not fit this model: give a multiple of {unit}, at most {largest}."
        )
    side = resolution // pipeline.vae_scale_factor
    return (network.in_channels, side, side)


def _largest_side(network: FrozenDict) -> int:
    """Of a latent, as far as the network's table of positions goes."""
    return network.pos_embed_max_size * network.patch_size
