"""Means with 95 % intervals, and paired differences. Numpy only."""

from collections.abc import Sequence

import numpy as np

from flowdppo_engine.events import Difference, Score

NUM_DIGITS = 4
NUM_RESAMPLES = 2000
BOOTSTRAP_SEED = 0
NORMAL_95 = 1.959963984540054


def make_score(per_prompt: Sequence[float], num_digits: int = NUM_DIGITS) -> Score:
    """Mean of the values, each rounded, with its normal 95 % interval (a point where there is one)."""
    rounded = np.round(np.asarray(per_prompt, dtype=np.float64), num_digits)
    mean = float(rounded.mean())
    half_width = NORMAL_95 * float(rounded.std(ddof=1)) / len(rounded) ** 0.5 if len(rounded) > 1 else 0.0
    return Score(mean=mean, low=mean - half_width, high=mean + half_width, per_prompt=rounded.tolist())


def paired_difference(now: Score, base: Score) -> Difference:
    """Mean of `now - base` over the same prompts and seeds, with its 95 % bootstrap interval."""
    differences = np.subtract(now.per_prompt, base.per_prompt)
    rows = np.random.default_rng(BOOTSTRAP_SEED).integers(len(differences), size=(NUM_RESAMPLES, len(differences)))
    low, high = np.quantile(differences[rows].mean(axis=1), [0.025, 0.975])
    return Difference(mean=float(differences.mean()), low=float(low), high=float(high))
