"""The one interface of every reward."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from flowdppo_engine.prompts import Prompt


class RewardError(Exception):
    """A reward gave no usable score. The run fails with this: a missing score must never turn into a zero."""


@dataclass(frozen=True)
class Measurement:
    """What one reward says of B images.

    `reward` (`[B]` fp32) is what training maximises; `scores` (each `[B]` fp32) are the named numbers that an
    evaluation logs, from the same pass.
    """

    reward: torch.Tensor
    scores: dict[str, torch.Tensor]


class Reward(ABC):
    """Scores images against their prompts. A larger score is better unless `higher_is_better` is False."""

    name: str
    score_range: tuple[float, float]
    higher_is_better: bool = True

    @abstractmethod
    def measure(self, images: torch.Tensor, prompts: Sequence[Prompt]) -> Measurement:
        """Score images `[B, 3, H, W]` (fp32, 0..1, on the CPU) against B prompts. Raises RewardError."""
