"""Weights in OpenCLIP's layout under the names of transformers' CLIPModel."""

import re
from collections.abc import Iterator, Mapping

import torch

# OpenCLIP's names, without the tower's prefix, and those of transformers.
IN_TEXT = {
    "token_embedding.weight": "embeddings.token_embedding.weight",
    "positional_embedding": "embeddings.position_embedding.weight",
    "ln_final": "final_layer_norm",
}
IN_VISION = {
    "class_embedding": "embeddings.class_embedding",
    "positional_embedding": "embeddings.position_embedding.weight",
    "conv1": "embeddings.patch_embedding",
    "ln_pre": "pre_layrnorm",
    "ln_post": "post_layernorm",
}
IN_BLOCK = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "attn.out_proj": "self_attn.out_proj",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
}
# OpenCLIP multiplies from the right, x @ W, where a linear layer holds the transpose.
PROJECTIONS = {"text_projection": "text_projection.weight", "visual.proj": "visual_projection.weight"}
BLOCK = re.compile(r"transformer\.resblocks\.(\d+)\.(.+)")
PREFIX_OF_A_WRAPPER = "model."


def to_transformers(weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors by transformers' names; buffers and whatever is no part of a CLIP are left out."""
    named = {name.removeprefix(PREFIX_OF_A_WRAPPER): tensor for name, tensor in weights.items()}
    return dict(pair for name, tensor in named.items() for pair in _rename(name, tensor))


def _rename(name: str, tensor: torch.Tensor) -> Iterator[tuple[str, torch.Tensor]]:
    if name == "logit_scale":
        yield name, tensor
    elif name in PROJECTIONS:
        yield PROJECTIONS[name], tensor.T.contiguous()
    elif name.startswith("visual."):
        yield from _rename_in_tower("vision_model", IN_VISION, name.removeprefix("visual."), tensor)
    else:
        yield from _rename_in_tower("text_model", IN_TEXT, name, tensor)


def _rename_in_tower(
    tower: str, names: Mapping[str, str], name: str, tensor: torch.Tensor
) -> Iterator[tuple[str, torch.Tensor]]:
    if block := BLOCK.fullmatch(name):
        for part, of_part in _rename_in_block(block[2], tensor):
            yield f"{tower}.encoder.layers.{block[1]}.{part}", of_part
    elif renamed := _replace_start(names, name):
        yield f"{tower}.{renamed}", tensor


def _rename_in_block(name: str, tensor: torch.Tensor) -> Iterator[tuple[str, torch.Tensor]]:
    if name in ("attn.in_proj_weight", "attn.in_proj_bias"):
        for part, of_part in zip("qkv", tensor.chunk(3), strict=True):
            yield f"self_attn.{part}_proj.{name.rpartition('_')[2]}", of_part.contiguous()
    elif renamed := _replace_start(IN_BLOCK, name):
        yield renamed, tensor


def _replace_start(names: Mapping[str, str], name: str) -> str | None:
    for theirs, ours in names.items():
        if name == theirs or name.startswith(f"{theirs}."):
            return ours + name.removeprefix(theirs)
    return None
