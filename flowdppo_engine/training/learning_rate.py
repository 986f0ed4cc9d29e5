"""The learning rate as a function of the optimizer step: nothing to save, and the same after a resume."""

import math

from flowdppo_engine.config import OptimizerConfig


def learning_rate(config: OptimizerConfig, step: int, total_steps: int) -> float:
    """Learning rate of optimizer step `step`, counted from 0, of `total_steps`.

    It rises linearly over the warm-up, then keeps `config.lr`, or falls to 0 at the end of the run, linearly or as
    half a cosine.
    """
    warmup = min(1.0, (step + 1) / config.warmup_steps) if config.warmup_steps else 1.0
    done = max(0, step - config.warmup_steps) / max(1, total_steps - config.warmup_steps)
    match config.schedule:
        case "constant":
            decay = 1.0
        case "linear":
            decay = 1.0 - done
        case "cosine":
            decay = 0.5 * (1.0 + math.cos(math.pi * done))
    return config.lr * warmup * decay
