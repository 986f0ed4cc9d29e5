"""Evaluations and checkpoints that belong together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowdppo_engine.config.run import RunConfig


def find_in_output(config: RunConfig) -> Iterator[str]:
    yield from _find_twice("evaluation.prompt_sets", config.evaluation.prompt_sets)
    yield from _find_twice("tracking.trackers", config.tracking.trackers)
    yield from _find_in_best(config)


def _find_twice(field: str, values: tuple[str, ...]) -> Iterator[str]:
    for value in (value for value, count in Counter(values).items() if count > 1):
        yield f"{field} = {value!r} stands twice: list it once."


def _find_in_best(config: RunConfig) -> Iterator[str]:
    checkpoint = config.checkpoint
    if checkpoint.best_score and not checkpoint.keep_best:
        yield (
            f"checkpoint.best_score = {checkpoint.best_score!r} has nothing to decide with keep_best = 0: raise "
            "checkpoint.keep_best or leave the score empty."
        )
    if not checkpoint.keep_best:
        return
    if not config.evaluation.prompt_sets:
        yield (
            f"checkpoint.keep_best = {checkpoint.keep_best} needs evaluations, and evaluation.prompt_sets is empty: "
            "name a set, or set checkpoint.keep_best = 0."
        )
    names = [reward.logged_as for reward in config.rewards]
    best = checkpoint.best_score
    if best and not any(best == name or best.startswith(f"{name}_") for name in names):
        yield (
            f"checkpoint.best_score = {best!r} is the score of no reward: give one of {', '.join(names)}, or a score "
            "whose name begins so."
        )
