"""Text encoders and autoencoders with random weights that several tiny pipelines are made of."""

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from diffusers import AutoencoderKL
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import CLIPTextConfig, PreTrainedTokenizerFast, T5Config, T5EncoderModel

VOCABULARY = 300


def make_tokenizer(
    model_max_length: int = 32, chat_template: str | None = None, ends: bool = True
) -> PreTrainedTokenizerFast:
    """A token a byte; `ends` puts `<s>` and `<eos>` around a text."""
    special = ["<pad>", "<s>", "<eos>", "<unk>"]
    vocabulary = {token: i for i, token in enumerate(special + sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    if ends:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<s> $A <eos>", special_tokens=[("<s>", 1), ("<eos>", 2)]
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", bos_token="<s>", eos_token="<eos>", unk_token="<unk>",
        model_max_length=model_max_length, chat_template=chat_template,
    )  # fmt: skip


def clip_config() -> CLIPTextConfig:
    return CLIPTextConfig(
        hidden_size=32, intermediate_size=37, num_attention_heads=4, num_hidden_layers=2, vocab_size=VOCABULARY,
        projection_dim=32, hidden_act="gelu", max_position_embeddings=32,
        bos_token_id=1, eos_token_id=2, pad_token_id=0,
    )  # fmt: skip


def make_t5(width: int = 32) -> T5EncoderModel:
    return T5EncoderModel(
        T5Config(
            vocab_size=VOCABULARY, d_model=width, d_ff=37, d_kv=8, num_layers=2, num_heads=4,
            feed_forward_proj="gated-gelu",
        )
    ).eval()  # fmt: skip


def make_autoencoder(latent_channels: int = 4) -> AutoencoderKL:
    """Of images, halving each side."""
    return AutoencoderKL(
        sample_size=16, in_channels=3, out_channels=3, block_out_channels=(4, 4), layers_per_block=1,
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=latent_channels, norm_num_groups=1, use_quant_conv=False, use_post_quant_conv=False,
        shift_factor=0.0609, scaling_factor=1.5035,
    )  # fmt: skip
