"""A reward behind HTTP, by the protocol of docs/reward-server.md."""

import math
import re
from collections.abc import Sequence
from functools import partial
from typing import Any

import torch

from flowdppo_engine.config import HttpRewardConfig
from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.base import Measurement, Reward, RewardError
from flowdppo_engine.rewards.pixels import to_pixels, to_png_base64
from flowdppo_engine.rewards.remote.client import Exchange, RemoteClient

SCORE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
MAX_SCORES = 32

Scores = dict[str, list[float]]


class HttpReward(Reward):
    """Scores by a server: one number an image, or several by name, of which `config.score` is the reward."""

    score_range = (-math.inf, math.inf)

    def __init__(self, config: HttpRewardConfig):
        """Raises BadConfig where the server may not be asked."""
        self.name = config.logged_as
        self.takes_videos = config.whole_videos
        self._batch_size = config.batch_size
        self._score = config.score
        self._client = RemoteClient(config)

    def measure(self, images: torch.Tensor, prompts: Sequence[Prompt]) -> Measurement:
        """Score images `[B, 3, H, W]`, or with `whole_videos` also videos `[B, F, 3, H, W]`. Raises RewardError."""
        starts = range(0, len(prompts), self._batch_size)
        batches = [slice(start, start + self._batch_size) for start in starts]
        parts = self._client.post_all([self._exchange(images[batch], prompts[batch]) for batch in batches])
        if any(part.keys() != parts[0].keys() for part in parts):
            raise RewardError(f"reward {self.name}: the server names other scores from one request to the next.")
        scores = {name: torch.tensor([score for part in parts for score in part[name]]) for name in parts[0]}
        return Measurement(scores[self.name], scores)

    def abandon(self) -> None:
        self._client.abandon()

    def _exchange(self, images: torch.Tensor, prompts: Sequence[Prompt]) -> Exchange[Scores]:
        return Exchange(partial(make_body, images, prompts), partial(self._read, num_images=len(prompts)))

    def _read(self, answer: Any, num_images: int) -> Scores:
        """The scores by the name they are logged under. Raises ValueError."""
        by_name = read_scores(answer, num_images)
        if by_name.keys() == {""}:
            return {self.name: by_name[""]}
        if self._score not in by_name:
            raise ValueError(f"it has {', '.join(sorted(by_name))}, but no score {self._score!r}")
        others = {f"{self.name}_{name}": scores for name, scores in by_name.items() if name != self._score}
        return {self.name: by_name[self._score]} | others


def make_body(images: torch.Tensor, prompts: Sequence[Prompt]) -> dict[str, Any]:
    """What is sent for images `[B, 3, H, W]` or videos `[B, F, 3, H, W]` (fp32, 0..1)."""
    pixels = to_pixels(images)
    if images.ndim == 5:
        files = {"videos": [[to_png_base64(frame) for frame in video] for video in pixels]}
    else:
        files = {"images": [to_png_base64(image) for image in pixels]}
    return files | {"prompts": [prompt.text for prompt in prompts], "metadata": [_metadata(one) for one in prompts]}


def read_scores(answer: Any, num_images: int) -> Scores:
    """Scores by name, or under "" where they have none. Raises ValueError unless each image has a finite one."""
    scores = answer.get("scores") if isinstance(answer, dict) else None
    if isinstance(scores, list):
        scores = {"": scores}
    elif not isinstance(scores, dict) or not 0 < len(scores) <= MAX_SCORES:
        raise ValueError(f"it has no `scores`: a list, or up to {MAX_SCORES} lists by name")
    elif strange := [name for name in scores if not SCORE_NAME.fullmatch(name)]:
        raise ValueError(f"{strange[0][:64]!r} is no name of a score: letters, digits and _ . -")
    return {name: _read_list(name or "scores", values, num_images) for name, values in scores.items()}


def _read_list(name: str, values: Any, num_images: int) -> list[float]:
    if not isinstance(values, list) or len(values) != num_images:
        count = len(values) if isinstance(values, list) else "no list of"
        raise ValueError(f"{name} has {count} numbers for {num_images} images")
    for index, value in enumerate(values):
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(f"{name} has {str(value)[:32]} for image {index}, which is no finite number")
    return [float(value) for value in values]


def _metadata(prompt: Prompt) -> dict[str, Any]:
    questions = [{"text": question.text, "answer": question.answer} for question in prompt.questions]
    return {"questions": questions, "skills": list(prompt.skills)}
