"""The one interface of every reward."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from flowdppo_engine.prompts import Prompt


class RewardError(Exception):
    """A reward gave no usable score. The run fails with this: a missing score must never turn into a zero.

    `is_transient` where the same run may well succeed later: a server was away, say.
    """

    def __init__(self, message: str, *, is_transient: bool = False):
        super().__init__(message)
        self.is_transient = is_transient


@dataclass(frozen=True)
class Measurement:
    """What one reward says of B images or videos.

    `reward` (`[B]` fp32) is what training maximises; `scores` (each `[B]` fp32) are the named numbers that an
    evaluation logs, from the same pass: one of the reward's own name, and what else there is as `name_something`, NaN
    for an image that such a further score says nothing about.
    """

    reward: torch.Tensor
    scores: dict[str, torch.Tensor]


class Reward(ABC):
    """Scores images against their prompts.

    `name` is what the run's configuration calls it (RewardOptions.logged_as), `score_range` bounds what training
    maximises, and a larger score is better unless `higher_is_better` is False.
    """

    name: str
    score_range: tuple[float, float]
    higher_is_better: bool = True
    takes_videos: bool = False

    @abstractmethod
    def measure(self, images: torch.Tensor, prompts: Sequence[Prompt]) -> Measurement:
        """Score images `[B, 3, H, W]` (fp32, 0..1, on the CPU) against B prompts. Raises RewardError.

        A reward that `takes_videos` gets videos `[B, F, 3, H, W]` of a video model, and images as above of others.
        The suite calls it without gradients, and never twice at a time.
        """

    def abandon(self) -> None:
        """Give up a `measure` that another thread is in, which then raises RewardError soon. May have no effect."""
        return
