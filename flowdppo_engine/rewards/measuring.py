"""One reward on one batch: timed, tried a second time where it fails, and checked."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.base import Measurement, Reward, RewardError


@dataclass(frozen=True)
class Measured:
    """A measurement and the seconds that the reward was busy with it."""

    measurement: Measurement
    seconds: float


@torch.no_grad()
def measure_checked(reward: Reward, images: torch.Tensor, prompts: Sequence[Prompt]) -> Measured:
    """What `reward` says of the batch. Raises RewardError where it fails twice or gives no finite score for each."""
    if images.ndim == 5 and not reward.takes_videos:
        raise RewardError(f"reward {reward.name} scores single images, but the model draws videos.")
    started = time.perf_counter()
    measurement = _measure_twice(reward, images, prompts)
    seconds = time.perf_counter() - started
    for name, values in measurement.scores.items():
        _check(name, values, prompts, may_be_nan=name != reward.name)
    _check(reward.name, measurement.reward, prompts)
    return Measured(measurement, seconds)


def _measure_twice(reward: Reward, images: torch.Tensor, prompts: Sequence[Prompt]) -> Measurement:
    """A RewardError is final: whoever raises it has tried again already, or knows that it is of no use."""
    try:
        return _measure(reward, images, prompts)
    except _Failure as failure:
        if isinstance(failure.__cause__, MemoryError | torch.OutOfMemoryError):
            raise RewardError(str(failure)) from failure.__cause__
    try:
        return _measure(reward, images, prompts)
    except _Failure as failure:
        raise RewardError(str(failure)) from failure.__cause__


class _Failure(Exception):
    """Something other than a RewardError, which is its cause."""


def _measure(reward: Reward, images: torch.Tensor, prompts: Sequence[Prompt]) -> Measurement:
    try:
        return reward.measure(images, prompts)
    except RewardError:
        raise
    except Exception as error:
        message = f"reward {reward.name} failed on {len(images)} images: {type(error).__name__}: {error}"
        raise _Failure(message) from error


def _check(name: str, values: torch.Tensor, prompts: Sequence[Prompt], may_be_nan: bool = False) -> None:
    if values.shape != (len(prompts),):
        raise RewardError(f"reward {name} gave shape {tuple(values.shape)} for {len(prompts)} images.")
    bad = (~values.isfinite() & ~(values.isnan() & may_be_nan)).nonzero().flatten()
    if len(bad):
        first = int(bad[0])
        raise RewardError(
            f"reward {name} gave {values[first].item()} for {len(bad)} of {len(prompts)} images, first for the prompt "
            f"{prompts[first].text!r}."
        )
