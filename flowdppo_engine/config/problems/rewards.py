"""Rewards that can be computed and told apart, and prompts that they can judge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowdppo_engine.config.run import RunConfig


def find_in_rewards(config: RunConfig) -> Iterator[str]:
    if not any(reward.weight for reward in config.rewards):
        yield "rewards: every weight is 0, so there is nothing to train on: give one a weight."
    names = Counter(reward.logged_as for reward in config.rewards)
    for name in (name for name, count in names.items() if count > 1):
        yield f"rewards: {name!r} stands twice: list each reward once, or give the second a label of its own."
    yield from _find_plain_prompts(config)
    yield from _find_in_frames(config)


def _find_plain_prompts(config: RunConfig) -> Iterator[str]:
    """Training prompts without questions, for rewards that ask them; evaluations leave those rewards out."""
    asking = next((reward.logged_as for reward in config.rewards if reward.asks_questions), None)
    source = config.prompts.train
    if asking and source.endswith(".txt"):
        yield f"prompts.train = {source!r} has no questions for {asking}: give a sandbox: set or a .jsonl."


def _find_in_frames(config: RunConfig) -> Iterator[str]:
    for index, reward in enumerate(config.rewards):
        frames = getattr(reward, "frames", None)
        if frames and config.model.num_frames > 1 and frames.num_frames > config.model.num_frames:
            yield (
                f"rewards.{index}.frames.num_frames = {frames.num_frames} is more than the {config.model.num_frames} "
                "frames of a video: lower it."
            )
