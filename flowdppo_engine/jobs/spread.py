"""What the scores of some pictures say of the rewards that gave them: level, spread, and whether groups differ."""

from collections.abc import Mapping, Sequence

import numpy as np

from flowdppo_engine.events import Sample, Scored, TriedReward

# Scores this close are one score: rewards work in fp32 or less.
ALIKE = 1e-6


def summarize(
    samples: Sequence[Sample], weights: Mapping[str, float], seconds: Mapping[str, float], left_out: Sequence[str]
) -> Scored:
    """The samples of one prompt are a group, as in training, which learns from differences within groups alone.

    Args:
        seconds: for an image, by reward, where they were measured.
        left_out: rewards that could not judge these prompts.
    """
    names = [name for name in weights if name not in left_out]
    values = {name: np.array([sample.rewards[name] for sample in samples]) for name in names}
    totals = sum((weights[name] * values[name] for name in names), np.zeros(len(samples)))
    groups = _groups(samples)
    return Scored(
        rewards=[
            TriedReward(
                name=name,
                weight=weights[name],
                mean=float(values[name].mean()),
                std=float(values[name].std()),
                group_std=_group_std(values[name], groups),
                num_alike_groups=_num_alike(values[name], groups),
                seconds_per_image=seconds.get(name),
            )
            for name in names
        ],
        totals=totals.tolist(),
        num_groups=len(groups),
        num_alike_groups=_num_alike(totals, groups),
        left_out=list(left_out),
    )


def _groups(samples: Sequence[Sample]) -> list[list[int]]:
    """Places of the samples of each prompt that has several."""
    places: dict[str, list[int]] = {}
    for place, sample in enumerate(samples):
        places.setdefault(sample.prompt, []).append(place)
    return [some for some in places.values() if len(some) > 1]


def _group_std(values: np.ndarray, groups: list[list[int]]) -> float | None:
    return float(np.mean([values[group].std() for group in groups])) if groups else None


def _num_alike(values: np.ndarray, groups: list[list[int]]) -> int:
    return sum(float(np.ptp(values[group])) <= ALIKE for group in groups)
