"""Regional compilation: each of a network's repeated blocks by itself, in place."""

from collections.abc import Iterable

import torch

# One version of a block's code for each of: a kind of block, the LoRA on or off, a gradient or none, a shape and then
# any shape. The default of 8 is used up within an iteration, and torch then goes on uncompiled.
MAX_VERSIONS = 64


def compile_blocks(blocks: Iterable[torch.nn.Module]) -> None:
    """Compile each at its first call; blocks of one kind share what is compiled."""
    torch._dynamo.config.recompile_limit = MAX_VERSIONS
    for block in blocks:
        block.compile()
