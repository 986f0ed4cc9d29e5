import torch
from diffusers import (
    AutoencoderKLQwenImage,
    FlowMatchEulerDiscreteScheduler,
    QwenImagePipeline,
    QwenImageTransformer2DModel,
)
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

from tests.flowdppo_engine.models.tiny.family import TinyFamily
from tests.flowdppo_engine.models.tiny.parts import VOCABULARY, make_tokenizer

TEXT_WIDTH = 16


def make_pipeline() -> QwenImagePipeline:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return QwenImagePipeline(
            scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, shift_terminal=0.02),
            vae=AutoencoderKLQwenImage(
                base_dim=6, z_dim=4, dim_mult=[1, 2], num_res_blocks=1, temperal_downsample=[False],
                latents_mean=[0.1, -0.2, 0.3, 0.0], latents_std=[1.1, 0.9, 1.3, 0.7],
            ),
            text_encoder=_make_text_encoder(),
            tokenizer=make_tokenizer(ends=False, model_max_length=1200),
            transformer=QwenImageTransformer2DModel(
                patch_size=2, in_channels=16, out_channels=4, num_layers=2, attention_head_dim=16,
                num_attention_heads=2, joint_attention_dim=TEXT_WIDTH, guidance_embeds=False, axes_dims_rope=(8, 4, 4),
            ),
        )  # fmt: skip


def _make_text_encoder() -> Qwen2_5_VLForConditionalGeneration:
    text = {
        "hidden_size": TEXT_WIDTH, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
        "num_key_value_heads": 2, "vocab_size": VOCABULARY, "max_position_embeddings": 1200,
        "rope_scaling": {"type": "default", "mrope_section": [1, 1, 2]},
        "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0,
    }  # fmt: skip
    vision = {
        "depth": 1, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": TEXT_WIDTH,
    }  # fmt: skip
    return Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(text_config=text, vision_config=vision)).eval()


def _reached(name: str) -> bool:
    """After the last block the prompt's stream is thrown away, so nobody asks what it would have become."""
    return not any(f"transformer_blocks.1.attn.{layer}." in name for layer in ("add_q_proj", "to_add_out"))


FAMILY = TinyFamily(
    name="qwen_image",
    make_pipeline=make_pipeline,
    fields={"resolution": 16, "width": 24, "max_sequence_length": 300},
    guided=lambda scale: {"true_cfg_scale": scale, "negative_prompt": [" ", " "]},
    reached=_reached,
)
