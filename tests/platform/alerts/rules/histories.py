"""Histories made of formulas."""

from collections.abc import Callable, Iterable

import numpy as np

from alerts.rules.history import Evaluated, History, Scored, Series


def curve(iterations: Iterable[int], value: Callable[[int], float]) -> Series:
    return Series.of([(at, value(at)) for at in iterations])


def evaluated(iteration: int, prompt_set: str = "held-out", **per_prompt) -> Evaluated:
    """Scores by name, each a list over prompts."""
    scores = {name: Scored(float(np.mean(values)), list(values)) for name, values in per_prompt.items()}
    return Evaluated(iteration, prompt_set, scores)


def training(
    reward: Callable[[int], float],
    scores: Callable[[int], dict],
    *,
    last: int = 60,
    every: int = 30,
    diversity: Callable[[int], float] = lambda at: 0.2,
    weights: dict | None = None,
) -> History:
    """A run of `last` iterations with an evaluation at 0 and after each `every`; the spread between images is 0.4."""
    at = range(1, last + 1)
    return History(
        {
            "reward/mean": curve(at, reward),
            "reward/std": curve(at, lambda _: 0.4),
            "diversity/pixel_rms": curve(at, diversity),
        },
        [evaluated(iteration, **scores(iteration)) for iteration in range(0, last + 1, every)],
        weights or {"reward": 1.0, "quality": 0.0},
    )
