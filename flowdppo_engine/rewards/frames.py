"""Videos for a reward that scores single images."""

from collections.abc import Sequence

import torch

from flowdppo_engine.config import FramesConfig
from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.base import Measurement, Reward


class FrameWise(Reward):
    """Scores some frames of each video and reports their mean, or every number of the frame with the least reward."""

    takes_videos = True

    def __init__(self, reward: Reward, frames: FramesConfig):
        self.name = reward.name
        self.score_range = reward.score_range
        self.higher_is_better = reward.higher_is_better
        self._reward = reward
        self._frames = frames

    def measure(self, images: torch.Tensor, prompts: Sequence[Prompt]) -> Measurement:
        """Score videos `[B, F, 3, H, W]`, or images `[B, 3, H, W]` as they are. Raises RewardError."""
        if images.ndim == 4:
            return self._reward.measure(images, prompts)
        frames = images[:, choose_frames(images.shape[1], self._frames.num_frames)]
        num_frames = frames.shape[1]
        measured = self._reward.measure(
            frames.flatten(0, 1), [prompt for prompt in prompts for _ in range(num_frames)]
        )
        rewards = measured.reward.unflatten(0, (-1, num_frames))
        worst = rewards.argmin(dim=1, keepdim=True)

        def over_frames(values: torch.Tensor) -> torch.Tensor:
            by_frame = values.unflatten(0, (-1, num_frames))
            return by_frame.mean(dim=1) if self._frames.aggregation == "mean" else by_frame.gather(1, worst).squeeze(1)

        return Measurement(
            over_frames(measured.reward), {name: over_frames(values) for name, values in measured.scores.items()}
        )

    def abandon(self) -> None:
        self._reward.abandon()


def choose_frames(total: int, count: int) -> list[int]:
    """`count` frame indices, evenly spread with the first and the last among them; one alone is the middle one."""
    if count >= total:
        return list(range(total))
    if count == 1:
        return [total // 2]
    return [round(i * (total - 1) / (count - 1)) for i in range(count)]
