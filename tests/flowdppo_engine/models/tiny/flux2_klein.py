import torch
from diffusers import (
    AutoencoderKLFlux2,
    FlowMatchEulerDiscreteScheduler,
    Flux2KleinPipeline,
    Flux2Transformer2DModel,
)
from transformers import Qwen3Config, Qwen3ForCausalLM

from tests.flowdppo_engine.models.tiny.family import TinyFamily
from tests.flowdppo_engine.models.tiny.parts import VOCABULARY, make_tokenizer

TEXT_WIDTH = 8
CHAT = (
    "{% for message in messages %}<s>{{ message['role'] }}: {{ message['content'] }}<eos>{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant:{% endif %}"
)


def make_pipeline(is_distilled: bool = False) -> Flux2KleinPipeline:
    """The prompt's embedding is what three layers of the text encoder give, the 27th the last of them."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Flux2KleinPipeline(
            scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
            vae=make_flux2_autoencoder(),
            text_encoder=Qwen3ForCausalLM(
                Qwen3Config(
                    hidden_size=TEXT_WIDTH, intermediate_size=16, num_hidden_layers=27, num_attention_heads=2,
                    num_key_value_heads=2, head_dim=4, vocab_size=VOCABULARY, max_position_embeddings=128,
                )
            ),
            tokenizer=make_tokenizer(chat_template=CHAT, ends=False),
            transformer=make_flux2_transformer(joint_attention_dim=3 * TEXT_WIDTH, guidance_embeds=False),
            is_distilled=is_distilled,
        )  # fmt: skip


def make_flux2_transformer(joint_attention_dim: int, guidance_embeds: bool) -> Flux2Transformer2DModel:
    return Flux2Transformer2DModel(
        patch_size=1, in_channels=4, num_layers=1, num_single_layers=1, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=joint_attention_dim, timestep_guidance_channels=32, axes_dims_rope=[4, 4, 4, 4],
        guidance_embeds=guidance_embeds,
    )  # fmt: skip


def make_flux2_autoencoder() -> AutoencoderKLFlux2:
    autoencoder = AutoencoderKLFlux2(
        sample_size=16, in_channels=3, out_channels=3, down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2, block_out_channels=(4, 4), layers_per_block=1, latent_channels=1,
        norm_num_groups=1, use_quant_conv=False, use_post_quant_conv=False,
    )  # fmt: skip
    # As trained ones have them; the fresh 0 and 1 would hide a missing denormalisation.
    autoencoder.bn.running_mean.normal_()
    autoencoder.bn.running_var.uniform_(0.5, 2)
    return autoencoder


def as_image(model, latents: torch.Tensor) -> torch.Tensor:
    """`[B, L, C]` as the `[B, C, H, W]` that the pipeline packs itself."""
    return latents.transpose(1, 2).unflatten(2, model.token_grid)


FAMILY = TinyFamily(
    name="flux2_klein",
    make_pipeline=make_pipeline,
    fields={"resolution": 16, "width": 24, "max_sequence_length": 40},
    guided=lambda scale: {"guidance_scale": scale},
    unguided={"guidance_scale": 1.0},
    given=as_image,
)
