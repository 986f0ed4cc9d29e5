"""Averages that follow the LoRA's weights: the EMA for evaluation, and DiffusionNFT's old policy."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from flowdppo_engine.config import EmaConfig


class Average:
    """A moving average of `parameters`; nothing else of the model moves."""

    def __init__(self, parameters: Sequence[torch.nn.Parameter]):
        self._parameters = list(parameters)
        self.weights = [parameter.detach().clone() for parameter in self._parameters]

    @torch.no_grad()
    def update(self, decay: float) -> None:
        """Keep the share `decay` of the average, and take the rest from the parameters."""
        torch._foreach_lerp_(self.weights, self._parameters, 1 - decay)

    @torch.no_grad()
    def reset(self) -> None:
        """Let the average be the parameters as they are now."""
        torch._foreach_copy_(self.weights, self._parameters)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Inside, the model has the averaged weights."""
        weights = [parameter.data for parameter in self._parameters]
        for parameter, average in zip(self._parameters, self.weights, strict=True):
            parameter.data = average
        try:
            yield
        finally:
            for parameter, weight in zip(self._parameters, weights, strict=True):
                parameter.data = weight


def ema_decay(config: EmaConfig, iteration: int) -> float | None:
    """Decay of the update after `iteration` iterations; None where none is due.

    `warmup` is Flow-GRPO's `min((1 + n) / (10 + n), decay)` at the n-th update, counted from 0.
    """
    if iteration % config.every:
        return None
    num_updates = iteration // config.every - 1
    if config.schedule == "warmup":
        return min((1 + num_updates) / (10 + num_updates), config.decay)
    return config.decay
