"""The sandbox's two CLIP text encoders and their tokenizer, whose vocabulary is the sandbox's own words."""

from collections.abc import Sequence

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import CLIPTextConfig, CLIPTextModelWithProjection, CLIPTokenizer

from flowdppo_engine.sandbox.world import COLOURS, COUNT_WORDS, RELATIONS, SHAPES

MAX_TOKENS = 14
HIDDEN_SIZE = 48
START, END = "<|startoftext|>", "<|endoftext|>"


def build_tokenizer() -> CLIPTokenizer:
    """A byte-pair tokenizer that knows each word of the sandbox as one token."""
    words = [*COLOURS, *COUNT_WORDS[1:], "a", "and", ",", *" ".join(RELATIONS).split()]
    words += [shape + ending for shape in SHAPES for ending in ("", "s")]
    bpe = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    bpe.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.BpeTrainer(
        vocab_size=1000, min_frequency=1, end_of_word_suffix="</w>", show_progress=False, special_tokens=[START, END]
    )
    bpe.train_from_iterator([" ".join(dict.fromkeys(words))] * 4, trainer)
    vocabulary, merges = bpe.get_vocab(), [tuple(pair) for pair in _merges(bpe)]
    return CLIPTokenizer(
        vocab=vocabulary, merges=merges, unk_token=END, bos_token=START, eos_token=END, pad_token=END,
        model_max_length=MAX_TOKENS,
    )  # fmt: skip


def _merges(bpe: Tokenizer):
    import json

    for pair in json.loads(bpe.to_str())["model"]["merges"]:
        yield pair if isinstance(pair, list) else pair.split(" ")


def build_text_encoder(tokenizer: CLIPTokenizer) -> CLIPTextModelWithProjection:
    return CLIPTextModelWithProjection(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=HIDDEN_SIZE,
            intermediate_size=4 * HIDDEN_SIZE,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=MAX_TOKENS,
            projection_dim=HIDDEN_SIZE,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def tokenize(tokenizer: CLIPTokenizer, captions: Sequence[str]) -> torch.Tensor:
    """Token ids, int64 [B, 14]."""
    return tokenizer(
        list(captions), padding="max_length", max_length=MAX_TOKENS, truncation=True, return_tensors="pt"
    ).input_ids


def encode_tokens(encoders: Sequence[CLIPTextModelWithProjection], ids: torch.Tensor):
    """What StableDiffusion3Pipeline.encode_prompt makes of these tokens without T5, with gradients.

    Returns tokens [B, 15, 96], the last one a zero in T5's place, and pooled [B, 96].
    """
    outputs = [encoder(ids, output_hidden_states=True) for encoder in encoders]
    tokens = torch.cat([output.hidden_states[-2] for output in outputs], -1)
    tokens = torch.cat([tokens, torch.zeros_like(tokens[:, :1])], 1)
    return tokens, torch.cat([output.text_embeds for output in outputs], -1)
