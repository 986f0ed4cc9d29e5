"""The same picture drawn twice: by our loop, and by the family's own pipeline."""

import torch
from diffusers import DiffusionPipeline

from flowdppo_engine.models.pipeline_model import PipelineModel
from flowdppo_engine.training.denoising import Denoising
from flowdppo_engine.training.rollout import denoise
from tests.flowdppo_engine.models.tiny.family import TinyFamily

PROMPTS = ["a red cat", "two dogs in the snow"]
NUM_STEPS = 4


def noise(model: PipelineModel, seed: int = 0) -> torch.Tensor:
    """x_T `[B, ...]` of the prompts."""
    return torch.randn(len(PROMPTS), *model.latent_shape, generator=torch.Generator().manual_seed(seed))


def our_drawing(model: PipelineModel, scale: float = 1.0) -> tuple[torch.Tensor, torch.Tensor]:
    """Latents and pictures of `noise`, by ODE Euler on the pipeline's own grid."""
    denoising = Denoising(torch.tensor([*model.sigmas(NUM_STEPS), 0.0]), scale)
    conditions = model.encode_prompts(PROMPTS)
    latents = denoise(model, denoising, noise(model), conditions.take, batch_size=len(PROMPTS))
    return latents, model.decode(latents)


def pipelines_drawing(
    family: TinyFamily, pipeline: DiffusionPipeline, model: PipelineModel, scale: float = 1.0
) -> tuple[torch.Tensor, torch.Tensor]:
    """The same by calling the pipeline, which walks with a scheduler of its own."""
    seen = []

    def look(pipeline, step, timestep, tensors):
        seen.append(tensors["latents"])
        return {}

    height, width = model.config.image_size
    told = {"height": height, "width": width, "max_sequence_length": model.config.max_sequence_length}
    pictures = pipeline(
        prompt=list(PROMPTS),  # Z-Image writes its chat template into the list
        latents=family.given(model, noise(model)),
        num_inference_steps=NUM_STEPS,
        output_type="pt",
        callback_on_step_end=look,
        return_dict=False,
        **{**told, **family.options, **(family.unguided if scale == 1.0 else family.guided(scale))},
    )[0]
    return seen[-1], pictures
