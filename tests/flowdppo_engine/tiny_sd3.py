"""A Stable Diffusion 3 pipeline with random weights, built offline in under a second: 16x16 pixels, 4x8x8 latents."""

import torch
from diffusers import FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel, StableDiffusion3Pipeline
from transformers import CLIPTextModelWithProjection

from tests.flowdppo_engine.models.tiny.parts import clip_config, make_autoencoder, make_t5, make_tokenizer

RESOLUTION = 16
LATENT_SHAPE = (4, 8, 8)


def make_pipeline(seed: int = 0, with_t5: bool = False) -> StableDiffusion3Pipeline:
    """The pipeline in fp32, with two CLIP text encoders and, if asked for, the T5."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return StableDiffusion3Pipeline(
            transformer=_make_transformer(),
            scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
            vae=make_autoencoder(),
            text_encoder=CLIPTextModelWithProjection(clip_config()),
            tokenizer=make_tokenizer(),
            text_encoder_2=CLIPTextModelWithProjection(clip_config()),
            tokenizer_2=make_tokenizer(),
            text_encoder_3=make_t5(width=64) if with_t5 else None,
            tokenizer_3=make_tokenizer() if with_t5 else None,
        )


def _make_transformer() -> SD3Transformer2DModel:
    return SD3Transformer2DModel(
        sample_size=8, patch_size=2, in_channels=4, num_layers=2, attention_head_dim=8, num_attention_heads=4,
        caption_projection_dim=32, joint_attention_dim=64, pooled_projection_dim=64, out_channels=4,
        pos_embed_max_size=8,
    )  # fmt: skip
