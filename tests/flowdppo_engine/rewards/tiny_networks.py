"""The rewards' networks with random weights of the published classes, saved as the hub has them."""

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import (
    CLIPConfig,
    CLIPModel,
    PreTrainedTokenizerFast,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
)

CLIP_SIDE = 28
EMBEDDING = 24
WINDOW = 20
CLIP_SPECIAL = ("<|startoftext|>", "<|endoftext|>")
QWEN_SPECIAL = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>",
    "<|video_pad|>",
)  # fmt: skip
QWEN_PATCH = 4
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{% for part in message.content %}"
    "{% if part.type == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ part.text }}{% endif %}"
    "{% endfor %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def make_images(count: int, height: int = 40, width: int = 40) -> torch.Tensor:
    """Images of soft random blobs, so that resizing matters and clipping does not; on the grid of 8 bits."""
    coarse = torch.rand(count, 3, 5, 5)
    smooth = torch.nn.functional.interpolate(coarse, size=(height, width), mode="bicubic").clamp(0, 1)
    return (smooth * 255).round() / 255


def as_pictures(images: torch.Tensor) -> list[Image.Image]:
    """By Pillow from PNG-like bytes, without the engine's own conversion."""
    arrays = np.rint(images.double().numpy().transpose(0, 2, 3, 1) * 255).astype(np.uint8)
    return [Image.frombytes("RGB", array.shape[1::-1], array.tobytes()) for array in arrays]


def save_clip(folder: Path, hidden_act: str = "quick_gelu") -> CLIPModel:
    """A CLIP with its preprocessing in the transformers format."""
    torch.manual_seed(11)
    tower = {"hidden_size": 32, "intermediate_size": 48, "num_attention_heads": 2, "num_hidden_layers": 2}
    tokenizer = _byte_tokenizer(CLIP_SPECIAL)
    start, end = (tokenizer.convert_tokens_to_ids(token) for token in CLIP_SPECIAL)
    config = CLIPConfig(
        text_config={
            **tower, "hidden_act": hidden_act, "vocab_size": len(tokenizer), "max_position_embeddings": WINDOW,
            "bos_token_id": start, "eos_token_id": end, "pad_token_id": end,
        },
        vision_config={**tower, "hidden_act": hidden_act, "image_size": CLIP_SIDE, "patch_size": 14},
        projection_dim=EMBEDDING,
    )  # fmt: skip
    network = CLIPModel(config).eval()
    for parameter in network.parameters():
        # Far enough from zero that a transposed or forgotten matrix shows.
        torch.nn.init.normal_(parameter, std=0.2) if parameter.ndim else torch.nn.init.constant_(parameter, 3.0)
    network.save_pretrained(folder)
    tokenizer._tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{CLIP_SPECIAL[0]} $A {CLIP_SPECIAL[1]}",
        special_tokens=[(CLIP_SPECIAL[0], start), (CLIP_SPECIAL[1], end)],
    )
    tokenizer.save_pretrained(folder)
    _write_json(
        folder / "preprocessor_config.json",
        image_processor_type="CLIPImageProcessor",
        size={"shortest_edge": CLIP_SIDE},
        crop_size={"height": CLIP_SIDE, "width": CLIP_SIDE},
    )
    return network


def save_qwen3_vl(folder: Path) -> Qwen3VLForConditionalGeneration:
    """A Qwen3-VL with its preprocessing, without the part for videos, in the hub's files."""
    torch.manual_seed(12)
    tokenizer = _byte_tokenizer(QWEN_SPECIAL)
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in QWEN_SPECIAL}
    config = Qwen3VLConfig(
        text_config={
            "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
            "num_key_value_heads": 1, "head_dim": 16, "vocab_size": len(tokenizer), "max_position_embeddings": 512,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [4, 2, 2]},
        },
        vision_config={
            "depth": 2, "hidden_size": 32, "intermediate_size": 32, "num_heads": 2, "patch_size": QWEN_PATCH,
            "out_hidden_size": 32, "num_position_embeddings": 16, "deepstack_visual_indexes": [0],
        },
        image_token_id=ids["<|image_pad|>"], video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"], vision_end_token_id=ids["<|vision_end|>"],
    )  # fmt: skip
    network = Qwen3VLForConditionalGeneration(config).eval()
    for name, parameter in network.named_parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.3 if "lm_head" in name or "embed" in name else 0.1)
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    _write_json(folder / "chat_template.json", chat_template=CHAT_TEMPLATE)
    _write_json(
        folder / "preprocessor_config.json",
        image_processor_type="Qwen2VLImageProcessorFast",
        processor_class="Qwen3VLProcessor",
        size={"shortest_edge": 16 * 16, "longest_edge": 64 * 64},
        patch_size=QWEN_PATCH,
        temporal_patch_size=2,
        merge_size=2,
        image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
    )
    return network


def _byte_tokenizer(special: tuple[str, ...]) -> PreTrainedTokenizerFast:
    """A token a byte, and the special ones behind them, as the published vocabularies have it."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: i for i, token in enumerate([*alphabet, *special])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(list(special))
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<|endoftext|>", eos_token="<|endoftext|>")


def _write_json(path: Path, **fields) -> None:
    path.write_text(json.dumps(fields))
