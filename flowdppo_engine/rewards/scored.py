"""What all rewards of a run say of some images, and how long it took."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch

from flowdppo_engine.rewards.base import RewardError
from flowdppo_engine.rewards.measuring import Measured


@dataclass(frozen=True)
class Scored:
    """Scores of B images: `rewards` by reward name (what training uses), `scores` by score name (what is logged).

    Each is `[B]` fp32. `busy_seconds` is how long each reward worked on them, `tail_seconds` how long the rollout
    waited for them when it was done.
    """

    rewards: dict[str, torch.Tensor]
    scores: dict[str, torch.Tensor]
    busy_seconds: dict[str, float] = field(default_factory=dict)
    tail_seconds: float = 0.0

    @classmethod
    def of(cls, measured: Mapping[str, Measured], tail_seconds: float) -> "Scored":
        """Raises RewardError where two rewards log a score of the same name."""
        scores: dict[str, torch.Tensor] = {}
        for reward, one in measured.items():
            if taken := scores.keys() & one.measurement.scores:
                raise RewardError(f"reward {reward} logs {sorted(taken)} as another does: give it another label.")
            scores |= one.measurement.scores
        return cls(
            {reward: one.measurement.reward for reward, one in measured.items()},
            scores,
            {reward: one.seconds for reward, one in measured.items()},
            tail_seconds,
        )

    @staticmethod
    def cat(parts: Sequence["Scored"]) -> "Scored":
        """The parts as one, in order. Raises RewardError where a score is missing in some of them."""
        return Scored(
            _joined([part.rewards for part in parts]),
            _joined([part.scores for part in parts]),
            {name: sum(part.busy_seconds.get(name, 0.0) for part in parts) for name in parts[0].busy_seconds},
            sum(part.tail_seconds for part in parts),
        )

    @property
    def times(self) -> dict[str, float]:
        """The seconds as metrics. Rewards work side by side, so theirs may add up to more than passed."""
        return {"time/reward_tail_seconds": self.tail_seconds} | {
            f"time/reward/{name}_seconds": seconds for name, seconds in self.busy_seconds.items()
        }


def _joined(tables: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    for table in tables:
        if missing := tables[0].keys() ^ table.keys():
            raise RewardError(
                f"the scores {sorted(missing)} are there for some batches only: log the same ones each time."
            )
    return {name: torch.cat([table[name] for table in tables]) for name in tables[0]}
