"""Combinations of valid fields that cannot train: sentences that begin with the field and end in the remedy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from flowdppo_engine.config.problems.model import find_in_model
from flowdppo_engine.config.problems.objective import find_in_objective
from flowdppo_engine.config.problems.output import find_in_output
from flowdppo_engine.config.problems.rewards import find_in_rewards
from flowdppo_engine.config.problems.rollout import find_in_rollout
from flowdppo_engine.config.problems.update import find_in_update

if TYPE_CHECKING:
    from flowdppo_engine.config.run import RunConfig


def find_problems(config: RunConfig) -> Iterator[str]:
    yield from find_in_model(config)
    yield from find_in_objective(config)
    yield from find_in_rollout(config)
    yield from find_in_rewards(config)
    yield from find_in_update(config)
    yield from find_in_output(config)
