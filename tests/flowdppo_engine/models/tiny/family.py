"""What the shared tests need to know of a family."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from diffusers import DiffusionPipeline

from flowdppo_engine.config import ModelConfig
from flowdppo_engine.models.pipeline_model import PipelineModel
from flowdppo_engine.models.registry import family_class


@dataclass(frozen=True)
class TinyFamily:
    """A family in small.

    Attributes:
        make_pipeline: the pipeline in fp32.
        fields: of the ModelConfig, beside the family.
        options: what the pipeline is told in every call, beside prompt, latents, size and number of denoising steps.
        guided: what it is told for classifier-free guidance of a scale; None where it has none.
        unguided: what it is told for no guidance.
        given: our latents `[B, ...]` as the pipeline takes its initial ones.
        reached: whether a gradient reaches the LoRA parameter of this name: each, unless the network throws away what
            the layer gives.
    """

    name: str
    make_pipeline: Callable[[], DiffusionPipeline]
    fields: Mapping[str, Any]
    options: Mapping[str, Any] = field(default_factory=dict)
    guided: Callable[[float], Mapping[str, Any]] | None = None
    unguided: Mapping[str, Any] = field(default_factory=dict)
    given: Callable[[PipelineModel, torch.Tensor], torch.Tensor] = lambda model, latents: latents
    reached: Callable[[str], bool] = lambda name: True

    def config(self, **changes: Any) -> ModelConfig:
        return ModelConfig(family=self.name, **{**self.fields, **changes})

    def make_model(self, **changes: Any) -> PipelineModel:
        return family_class(self.name)(self.make_pipeline(), self.config(**changes))
