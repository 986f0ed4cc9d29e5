import torch
from diffusers import FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel
from transformers import CLIPTextModel

from tests.flowdppo_engine.models.tiny.family import TinyFamily
from tests.flowdppo_engine.models.tiny.parts import clip_config, make_autoencoder, make_t5, make_tokenizer


def make_pipeline(guidance_embeds: bool = True) -> FluxPipeline:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        transformer = FluxTransformer2DModel(
            patch_size=1, in_channels=4, num_layers=1, num_single_layers=1, attention_head_dim=16,
            num_attention_heads=2, joint_attention_dim=32, pooled_projection_dim=32, axes_dims_rope=[4, 4, 8],
            guidance_embeds=guidance_embeds,
        )  # fmt: skip
        return FluxPipeline(
            scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
            vae=make_autoencoder(latent_channels=1),
            text_encoder=CLIPTextModel(clip_config()),
            tokenizer=make_tokenizer(),
            text_encoder_2=make_t5(),
            tokenizer_2=make_tokenizer(),
            transformer=transformer,
        )


FAMILY = TinyFamily(
    name="flux1",
    make_pipeline=make_pipeline,
    fields={"resolution": 16, "width": 24, "max_sequence_length": 24, "distilled_guidance_scale": 2.5},
    options={"guidance_scale": 2.5},
    guided=lambda scale: {"true_cfg_scale": scale, "negative_prompt": ["", ""]},
)
