import torch
from diffusers import FlowMatchEulerDiscreteScheduler, ZImagePipeline, ZImageTransformer2DModel
from transformers import Qwen3Config, Qwen3Model

from tests.flowdppo_engine.models.tiny.family import TinyFamily
from tests.flowdppo_engine.models.tiny.parts import VOCABULARY, make_autoencoder, make_tokenizer

TEXT_WIDTH = 16
CHAT_TEMPLATE = "{% for message in messages %}<s>{{ message['content'] }}<eos>{% endfor %}"


def make_pipeline() -> ZImagePipeline:
    """Images of 16x24 pixels are latents [16, 8, 12]."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return ZImagePipeline(
            scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
            vae=make_autoencoder(latent_channels=16),
            text_encoder=_make_text_encoder(),
            tokenizer=make_tokenizer(ends=False, model_max_length=512, chat_template=CHAT_TEMPLATE),
            transformer=_make_transformer(),
        )


def _make_text_encoder() -> Qwen3Model:
    return Qwen3Model(
        Qwen3Config(
            vocab_size=VOCABULARY, hidden_size=TEXT_WIDTH, intermediate_size=16, num_hidden_layers=2, head_dim=8,
            num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=512,
        )
    ).eval()  # fmt: skip


def _make_transformer() -> ZImageTransformer2DModel:
    transformer = ZImageTransformer2DModel(
        all_patch_size=(2,), all_f_patch_size=(1,), in_channels=16, dim=32, n_layers=2, n_refiner_layers=1,
        n_heads=2, n_kv_heads=2, norm_eps=1e-5, qk_norm=True, cap_feat_dim=TEXT_WIDTH, rope_theta=256.0,
        t_scale=1000.0, axes_dims=[8, 4, 4], axes_lens=[256, 32, 32],
    )  # fmt: skip
    # A fresh network leaves them at zero, or in some releases as whatever the memory held.
    for token in (transformer.x_pad_token, transformer.cap_pad_token):
        torch.nn.init.normal_(token, std=0.02)
    return transformer


FAMILY = TinyFamily(
    name="z_image",
    make_pipeline=make_pipeline,
    fields={"resolution": 16, "width": 24, "max_sequence_length": 96},
    guided=lambda scale: {"guidance_scale": scale - 1, "negative_prompt": ["", ""]},
    unguided={"guidance_scale": 0.0},
)
