"""A Stable Diffusion 3 pipeline with random weights, built offline in under a second: 16x16 pixels, 4x8x8 latents."""

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel, StableDiffusion3Pipeline
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import CLIPTextConfig, CLIPTextModelWithProjection, PreTrainedTokenizerFast

RESOLUTION = 16
LATENT_SHAPE = (4, 8, 8)


def make_pipeline(seed: int = 0) -> StableDiffusion3Pipeline:
    """The pipeline in fp32, with two CLIP text encoders and no T5."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return StableDiffusion3Pipeline(
            transformer=_make_transformer(),
            scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
            vae=_make_vae(),
            text_encoder=CLIPTextModelWithProjection(_text_config()),
            tokenizer=_make_tokenizer(),
            text_encoder_2=CLIPTextModelWithProjection(_text_config()),
            tokenizer_2=_make_tokenizer(),
            text_encoder_3=None,
            tokenizer_3=None,
        )


def _make_transformer() -> SD3Transformer2DModel:
    return SD3Transformer2DModel(
        sample_size=8, patch_size=2, in_channels=4, num_layers=2, attention_head_dim=8, num_attention_heads=4,
        caption_projection_dim=32, joint_attention_dim=64, pooled_projection_dim=64, out_channels=4,
        pos_embed_max_size=8,
    )  # fmt: skip


def _make_vae() -> AutoencoderKL:
    return AutoencoderKL(
        sample_size=16, in_channels=3, out_channels=3, block_out_channels=(4, 4), layers_per_block=1,
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=4, norm_num_groups=1, use_quant_conv=False, use_post_quant_conv=False,
        shift_factor=0.0609, scaling_factor=1.5035,
    )  # fmt: skip


def _text_config() -> CLIPTextConfig:
    return CLIPTextConfig(
        hidden_size=32, intermediate_size=37, num_attention_heads=4, num_hidden_layers=2, vocab_size=300,
        projection_dim=32, hidden_act="gelu", max_position_embeddings=32,
        bos_token_id=1, eos_token_id=2, pad_token_id=0,
    )  # fmt: skip


def _make_tokenizer() -> PreTrainedTokenizerFast:
    special = ["<pad>", "<s>", "<eos>", "<unk>"]
    vocabulary = {token: i for i, token in enumerate(special + sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A <eos>", special_tokens=[("<s>", 1), ("<eos>", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", bos_token="<s>", eos_token="<eos>", unk_token="<unk>",
        model_max_length=32,
    )  # fmt: skip
