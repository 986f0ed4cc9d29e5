"""How this process was started, as `accelerate launch` and `torchrun` tell it in its environment. Torch-free."""

import os


def rank() -> int:
    """The place of this process among those of the run; 0 of one that was started plainly."""
    return int(os.environ.get("RANK", 0))


def num_processes() -> int:
    return int(os.environ.get("WORLD_SIZE", 1))


def is_main() -> bool:
    """Whether this process writes events, checkpoints and what is on the console."""
    return rank() == 0
