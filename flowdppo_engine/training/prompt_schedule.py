"""Which prompts an iteration trains on."""

from functools import lru_cache

import numpy as np

from flowdppo_engine.training import keyed


class PromptSchedule:
    """Walks through the training set in a fresh shuffled order each pass, across iterations.

    A pure function of (seed, iteration): any iteration can be asked for, in any order.
    """

    def __init__(self, num_prompts: int, groups_per_iteration: int, seed: int):
        self._num_prompts = num_prompts
        self._groups_per_iteration = groups_per_iteration
        self._order = lru_cache(maxsize=2)(lambda walk: keyed.permutation(num_prompts, seed, "prompts", walk))

    def prompts_of(self, iteration: int) -> list[int]:
        """Indices of the prompts of `iteration` (from 0), one a group."""
        positions = iteration * self._groups_per_iteration + np.arange(self._groups_per_iteration)
        return [
            int(self._order(position // self._num_prompts)[position % self._num_prompts]) for position in positions
        ]

    def used_in(self, num_iterations: int) -> list[int]:
        """Indices of every prompt that a run of `num_iterations` comes across, ascending."""
        if num_iterations * self._groups_per_iteration >= self._num_prompts:
            return list(range(self._num_prompts))
        return sorted({index for iteration in range(num_iterations) for index in self.prompts_of(iteration)})
