"""Runs that differ by their seed alone, whether they come from a sweep or not."""

import hashlib
import json
from collections.abc import Iterable, Mapping

from runs.models import Run

# What a run is called where its trackers keep it does not change what it does.
SEED, NOT_TRAINING = "seed", ("tracking",)


def group_key(config: Mapping) -> str:
    """The same for configurations that differ by their seed alone."""
    rest = {key: value for key, value in config.items() if key != SEED and key not in NOT_TRAINING}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()[:16]


def group_by_seed(runs: Iterable[Run]) -> dict[str, list[Run]]:
    """The runs by their key, in the order of the first of each."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(group_key(run.config), []).append(run)
    return groups
