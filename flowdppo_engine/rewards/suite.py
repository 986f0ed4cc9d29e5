"""All rewards of a run together: one call scores a batch by each of them and checks what comes back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.base import Measurement, Reward, RewardError


@dataclass(frozen=True)
class Scored:
    """Scores of B images: `rewards` by reward name (what training uses), `scores` by score name (what is logged)."""

    rewards: dict[str, torch.Tensor]
    scores: dict[str, torch.Tensor]

    @staticmethod
    def cat(parts: Sequence["Scored"]) -> "Scored":
        def joined(tables: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
            return {name: torch.cat([table[name] for table in tables]) for name in tables[0]}

        return Scored(joined([part.rewards for part in parts]), joined([part.scores for part in parts]))


class RewardSuite:
    """Rewards and their weights in the sum; a reward of weight 0 is scored and logged all the same."""

    def __init__(self, weighted: Mapping[Reward, float]):
        self._rewards = tuple(weighted)
        self.weights = {reward.name: weight for reward, weight in weighted.items()}

    def measure(self, images: torch.Tensor, prompts: Sequence[Prompt]) -> Scored:
        """Score images `[B, 3, H, W]` (fp32, 0..1, CPU). Raises RewardError where a reward fails or is not finite."""
        measured = {reward.name: _measure_checked(reward, images, prompts) for reward in self._rewards}
        scores = {name: score for measurement in measured.values() for name, score in measurement.scores.items()}
        return Scored({name: measurement.reward for name, measurement in measured.items()}, scores)


def _measure_checked(reward: Reward, images: torch.Tensor, prompts: Sequence[Prompt]) -> Measurement:
    try:
        measurement = reward.measure(images, prompts)
    except RewardError:
        raise
    except Exception as error:
        raise RewardError(
            f"reward {reward.name} failed on {len(images)} images: {type(error).__name__}: {error}"
        ) from error
    for name, values in {reward.name: measurement.reward, **measurement.scores}.items():
        _check(name, values, prompts)
    return measurement


def _check(name: str, values: torch.Tensor, prompts: Sequence[Prompt]) -> None:
    if values.shape != (len(prompts),):
        raise RewardError(f"reward {name} gave shape {tuple(values.shape)} for {len(prompts)} images.")
    bad = (~values.isfinite()).nonzero().flatten()
    if len(bad):
        first = int(bad[0])
        raise RewardError(
            f"reward {name} gave {values[first].item()} for {len(bad)} of {len(prompts)} images, first for the prompt "
            f"{prompts[first].text!r}."
        )
