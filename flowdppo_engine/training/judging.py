"""From scores to advantages. N images of this process, M of all of them."""

from dataclasses import dataclass

import torch

from flowdppo_engine.config import AdvantageConfig
from flowdppo_engine.policy.advantages import Advantages, gdpo_advantages, group_advantages, weighted_sum
from flowdppo_engine.rewards.scored import Scored
from flowdppo_engine.training.processes import Processes


@dataclass(frozen=True)
class Judged:
    """What the images of all processes were worth: `rewards` and `advantages` `[M]` fp32 on the CPU.

    `components` has each reward alone, `[M]`; `zero_groups` is the share of groups whose images are all alike.
    """

    components: dict[str, torch.Tensor]
    rewards: torch.Tensor
    advantages: torch.Tensor
    zero_groups: float

    def metrics(self) -> dict[str, float]:
        components = {name: values.double() for name, values in self.components.items()}
        return {
            "reward/mean": float(self.rewards.double().mean()),
            "reward/std": float(self.rewards.double().std(correction=0)),
            "reward/zero_groups": self.zero_groups,
            **{f"reward/{name}": float(values.mean()) for name, values in components.items()},
            **{f"reward/{name}_std": float(values.std(correction=0)) for name, values in components.items()},
        }


def judge(
    scored: Scored, weights: dict[str, float], config: AdvantageConfig, group_size: int, processes: Processes
) -> Judged:
    """Advantages of every image; `scored` are those of this process.

    All processes work them out from all rewards, so that a statistic over the batch is over the whole of it.
    """
    parts = processes.gather(scored.rewards)
    components = {name: torch.cat([part[name] for part in parts]) for name in scored.rewards}
    advantages = _advantages(
        {name: values.view(-1, group_size) for name, values in components.items()}, weights, config
    )
    return Judged(
        components,
        weighted_sum(components, weights).float(),
        advantages.advantages.flatten(),
        float(advantages.zero_groups.double().mean()),
    )


def _advantages(components: dict[str, torch.Tensor], weights: dict[str, float], config: AdvantageConfig) -> Advantages:
    """`components` are `[groups, group_size]` each."""
    if config.aggregation == "gdpo":
        return gdpo_advantages(components, weights, clip=config.clip, eps=config.eps)
    rewards = weighted_sum(components, weights)
    return group_advantages(rewards, std=config.std, clip=config.clip, eps=config.eps)
