import torch
from diffusers import AutoencoderKLWan, FlowMatchEulerDiscreteScheduler, WanPipeline, WanTransformer3DModel
from transformers import UMT5Config, UMT5EncoderModel

from tests.flowdppo_engine.models.tiny.family import TinyFamily
from tests.flowdppo_engine.models.tiny.parts import VOCABULARY, make_tokenizer

TEXT_WIDTH = 32


def make_pipeline() -> WanPipeline:
    """Five frames of 16x32 pixels are latents [16, 2, 2, 4]; means and deviations of the latents are the real ones."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return WanPipeline(
            scheduler=FlowMatchEulerDiscreteScheduler(shift=7.0),
            vae=AutoencoderKLWan(
                base_dim=3, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1,
                temperal_downsample=[False, True, True],
            ),
            text_encoder=_make_text_encoder(),
            tokenizer=make_tokenizer(model_max_length=512),
            transformer=WanTransformer3DModel(
                patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=12, in_channels=16, out_channels=16,
                text_dim=TEXT_WIDTH, freq_dim=256, ffn_dim=32, num_layers=2, cross_attn_norm=True,
                qk_norm="rms_norm_across_heads", rope_max_seq_len=32,
            ),
        )  # fmt: skip


def _make_text_encoder() -> UMT5EncoderModel:
    return UMT5EncoderModel(
        UMT5Config(
            vocab_size=VOCABULARY, d_model=TEXT_WIDTH, d_ff=37, d_kv=8, num_layers=2, num_heads=4,
            feed_forward_proj="gated-gelu",
        )
    ).eval()  # fmt: skip


FAMILY = TinyFamily(
    name="wan",
    make_pipeline=make_pipeline,
    fields={"resolution": 16, "width": 32, "num_frames": 5, "max_sequence_length": 24},
    options={"num_frames": 5},
    guided=lambda scale: {"guidance_scale": scale, "negative_prompt": ["", ""]},
    unguided={"guidance_scale": 1.0},
)
