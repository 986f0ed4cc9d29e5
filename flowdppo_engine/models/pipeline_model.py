"""What the adapters of all diffusers pipelines share; a family adds how it encodes, predicts, decodes, schedules."""

import gc
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, ClassVar

import torch
from diffusers import DiffusionPipeline

from flowdppo_engine.config import LoraConfig, ModelConfig
from flowdppo_engine.errors import BadConfig
from flowdppo_engine.models import lora
from flowdppo_engine.models.base import FlowModel
from flowdppo_engine.models.compilation import compile_blocks
from flowdppo_engine.models.conditions import Conditions
from flowdppo_engine.models.loading import Dtypes, load_pipeline

# Decoded at once: what stays in a CPU's cache, and what fits beside the weights on an accelerator.
MAX_DECODED_PIXELS = {"cpu": 2**18}
MAX_DECODED_PIXELS_ELSEWHERE = 2**21


class PipelineModel(FlowModel):
    """A diffusers pipeline whose `transformer` is the network; it predicts the velocity or what gives it at once."""

    pipeline_class: ClassVar[type[DiffusionPipeline]]
    default_lora_targets: tuple[str, ...]
    unconditional_prompt: ClassVar[str] = ""

    def __init__(self, pipeline: DiffusionPipeline, config: ModelConfig):
        self.pipeline = pipeline
        self.transformer = pipeline.transformer
        self.dtype = pipeline.transformer.dtype
        self.config = config
        self.latent_shape = self._fit_latents()
        self._unconditional: Conditions | None = None
        # Kept, since sharding gives a block another class.
        kinds = pipeline.transformer._no_split_modules
        self._repeated_blocks = [part for part in pipeline.transformer.modules() if type(part).__name__ in kinds]
        for component in (self.transformer, pipeline.vae, *self._text_encoders().values()):
            component.requires_grad_(False).eval()
        # Faster convolutions on images; the kernels of a video's autoencoder have no such order.
        if all(parameter.ndim <= 4 for parameter in pipeline.vae.parameters()):
            pipeline.vae.to(memory_format=torch.channels_last)
        if config.gradient_checkpointing:
            self.transformer.enable_gradient_checkpointing()
        if config.compile == "regional":
            compile_blocks(self.repeated_blocks)

    @classmethod
    def load(cls, config: ModelConfig, device: torch.device) -> "PipelineModel":
        pipeline = load_pipeline(cls.pipeline_class, config, cls._dtypes(config), cls._check_saved)
        (pipeline.transformer if config.offload_idle else pipeline).to(device)
        return cls(pipeline, config)

    @property
    def device(self) -> torch.device:
        # The first parameter's: diffusers' own property looks at every module, which takes milliseconds a call.
        return next(self.transformer.parameters()).device

    @property
    def network(self) -> torch.nn.Module:
        return self.transformer

    @property
    def repeated_blocks(self) -> list[torch.nn.Module]:
        return self._repeated_blocks

    def sigmas(self, num_steps: int) -> list[float]:
        scheduler = type(self.pipeline.scheduler).from_config(self.pipeline.scheduler.config)
        scheduler.set_timesteps(**self._schedule(num_steps))
        return scheduler.sigmas[:-1].tolist()

    @torch.no_grad()
    def encode_prompts(self, texts: Sequence[str]) -> Conditions:
        encoders = self._text_encoders().values()
        if not encoders:
            raise RuntimeError("the text encoders have been freed: encode every prompt before free_encoders()")
        with self._at_work(*encoders):
            return self._encode(list(texts))

    def free_encoders(self) -> None:
        if not self._text_encoders():
            return
        self._unconditional_prompts(1)
        for name in self._text_encoders():
            setattr(self.pipeline, name, None)
        gc.collect()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    def velocity(
        self,
        sample: torch.Tensor,
        sigma: torch.Tensor,
        condition: Conditions,
        guidance_scale: float = 1.0,
        unconditional_gradient: bool = False,
    ) -> torch.Tensor:
        sample, sigma = sample.to(self.dtype), sigma.expand(len(sample))
        conditional = self._predict(sample, sigma, condition)
        if guidance_scale == 1.0:
            return conditional
        with torch.set_grad_enabled(torch.is_grad_enabled() and unconditional_gradient):
            unconditional = self._predict(sample, sigma, self._unconditional_prompts(len(sample)))
        return self._guide(conditional, unconditional, guidance_scale)

    @torch.no_grad()
    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        height, width = self.config.image_size
        max_pixels = MAX_DECODED_PIXELS.get(self.device.type, MAX_DECODED_PIXELS_ELSEWHERE)
        chunks = latents.split(max(1, max_pixels // (height * width * self.config.num_frames)))
        with self._at_work(self.pipeline.vae):
            pictures = torch.cat([self._decode(chunk.to(self.device)).float().cpu() for chunk in chunks])
        return pictures.contiguous().mul_(0.5).add_(0.5).clamp_(0, 1)

    def add_lora(self, config: LoraConfig, seed: int) -> None:
        lora.add_lora(self.transformer, config, self.default_lora_targets, seed)

    def trainable_parameters(self) -> dict[str, torch.nn.Parameter]:
        return lora.trainable_parameters(self.transformer)

    def reference(self) -> AbstractContextManager[None]:
        return lora.lora_disabled(self.transformer)

    def save_lora(self, folder: Path) -> None:
        lora.save_lora(self.transformer, type(self.pipeline), folder)

    def load_lora(self, folder: Path) -> None:
        lora.load_lora(self.transformer, folder)

    @classmethod
    def _check_saved(cls, saved: dict[str, Any], config: ModelConfig) -> None:
        """Raises BadConfig for a saved pipeline (its `model_index.json`) of the right class that cannot be trained."""

    @classmethod
    def _dtypes(cls, config: ModelConfig) -> Dtypes:
        return getattr(torch, config.dtype)

    @abstractmethod
    def _fit_latents(self) -> tuple[int, ...]:
        """The shape of one latent of `config.image_size`. Raises BadConfig where the network cannot take it."""

    @abstractmethod
    def _schedule(self, num_steps: int) -> dict[str, Any]:
        """What the family's pipeline tells `scheduler.set_timesteps`."""

    @abstractmethod
    def _encode(self, texts: list[str]) -> Conditions:
        """`encode_prompts`, with the text encoders at hand and without a gradient."""

    @abstractmethod
    def _predict(self, sample: torch.Tensor, sigma: torch.Tensor, condition: Conditions) -> torch.Tensor:
        """One pass through the network: the velocity at `sample` (`[B, ...]`, its dtype) and `sigma` (`[B]` fp32)."""

    @abstractmethod
    def _decode(self, latents: torch.Tensor) -> torch.Tensor:
        """Pictures in -1..1, shaped as `decode` gives them, of a few fp32 latents."""

    def _guide(self, conditional: torch.Tensor, unconditional: torch.Tensor, scale: float) -> torch.Tensor:
        return unconditional + scale * (conditional - unconditional)

    def _unconditional_prompts(self, batch_size: int) -> Conditions:
        if self._unconditional is None:
            self._unconditional = self.encode_prompts([self.unconditional_prompt])
        self._unconditional = self._unconditional.to(self.device)
        return self._unconditional.take(torch.zeros(batch_size, dtype=torch.long))

    def _text_encoders(self) -> dict[str, torch.nn.Module]:
        return {
            name: component
            for name, component in self.pipeline.components.items()
            if name.startswith("text_encoder") and component is not None
        }

    @contextmanager
    def _at_work(self, *modules: torch.nn.Module) -> Iterator[None]:
        """Inside, `modules` are on the network's device; `config.offload_idle` keeps them off it otherwise."""
        for module in modules:
            module.to(self.device)
        try:
            yield
        finally:
            if self.config.offload_idle:
                for module in modules:
                    module.to("cpu")


def check_image_size(config: ModelConfig, unit: int, largest: int | None = None) -> None:
    """Raises BadConfig unless both sides are multiples of `unit` and at most `largest`, in pixels."""
    for field, pixels in zip(("resolution", "width"), config.image_size, strict=True):
        if pixels % unit or (largest and pixels > largest):
            bound = f", at most {largest}" if largest else ""
            raise BadConfig(f"model.{field} = {pixels} does not fit this model: give a multiple of {unit}{bound}.")
