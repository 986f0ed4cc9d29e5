"""An exponential moving average of the LoRA's weights; nothing else of the model moves."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch


class Ema:
    """Averages `parameters`, one update an iteration. With `decay` 0 it is the weights themselves."""

    def __init__(self, parameters: Sequence[torch.nn.Parameter], decay: float):
        self.decay = decay
        self._parameters = list(parameters)
        self.average = [parameter.detach().clone() for parameter in self._parameters]

    @torch.no_grad()
    def update(self) -> None:
        torch._foreach_lerp_(self.average, self._parameters, 1 - self.decay)

    @torch.no_grad()
    def reset(self) -> None:
        """Let the average be the weights as they are now."""
        torch._foreach_copy_(self.average, self._parameters)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Inside, the model has the averaged weights."""
        weights = [parameter.data for parameter in self._parameters]
        for parameter, average in zip(self._parameters, self.average, strict=True):
            parameter.data = average
        try:
            yield
        finally:
            for parameter, weight in zip(self._parameters, weights, strict=True):
                parameter.data = weight
