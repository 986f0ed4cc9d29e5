"""Each of the engine's savings, against the same loop without it."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flowdppo_engine.config import RunConfig
from flowdppo_engine.recipes import merge
from tests.benchmarks.engine.loop import BenchedLoop, Subject, Ways
from tests.benchmarks.engine.memory import Activations
from tests.benchmarks.engine.passes import Counts

Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Comparison:
    """Two loops that differ in one saving: `fields` set the scene for both, `saving` and `without` are the two.

    `ways` is how the loop without it goes about its work. `measures_memory` is for savings of activations.
    """

    name: str
    fields: Fields = field(default_factory=dict)
    saving: Fields = field(default_factory=dict)
    without: Fields = field(default_factory=dict)
    ways: Ways = Ways()
    measures_memory: bool = False


@dataclass(frozen=True)
class Gain:
    """What a saving saves: each ratio is without it over with it, 1 where nothing is saved.

    `seconds` of an iteration (median over iterations, `of_iterations` each one's), `activations` the most that is kept
    for backward passes, `counts` the passes of one iteration with and without it.
    """

    name: str
    of_iterations: tuple[float, ...]
    activations: float | None
    counts: tuple[Counts, Counts]

    @property
    def seconds(self) -> float:
        return statistics.median(self.of_iterations)


# Every tile that moves on is blocked once the policy has moved, and a tile is one image: as small as it is for a large
# network, where a batch of more would seldom be blocked whole.
BLOCKING = {
    "trust_region": {"name": "divergence_mask", "threshold": {"value": 1e-30}},
    "update": {"tile_samples": 1, "optimizer_steps_per_rollout": 2},
}
SHARING = {
    "rollout": {
        "shared_initial_noise": True,
        "stochastic_steps": {"name": "sliding_window", "size": 2, "first": 2, "last": 3},
    }
}
COMPARISONS = (
    Comparison(
        "velocities stored at rollout, not recomputed",
        saving={"update": {"old_policy": "stored"}},
        without={"update": {"old_policy": "recomputed"}},
    ),
    Comparison(
        "unconditional pass without gradient (guidance 4.5)",
        fields={"rollout": {"guidance_scale": 4.5}},
        saving={"update": {"guidance_gradient": "conditional"}},
        without={"update": {"guidance_gradient": "both"}},
        measures_memory=True,
    ),
    Comparison("blocked tiles skip their backward", BLOCKING, ways=Ways(skips_blocked_tiles=False)),
    Comparison("a group's prefix computed once", SHARING, ways=Ways(shares_prefix=False)),
    Comparison("prompts encoded once", ways=Ways(encodes_once=False)),
)


def measure_gain(subject: Subject, comparison: Comparison, num_iterations: int) -> Gain:
    """Both loops run in turn, iteration by iteration; the first does not count."""
    saving = BenchedLoop(_changed(subject, comparison.fields, comparison.saving))
    without = BenchedLoop(_changed(subject, comparison.fields, comparison.without), comparison.ways)
    rounds = [_one_round(saving, without, number) for number in range(num_iterations + 1)][1:]
    activations = _peak_activations(without) / _peak_activations(saving) if comparison.measures_memory else None
    first, other = rounds[0]
    return Gain(
        comparison.name,
        tuple(b.seconds / a.seconds for a, b in rounds),
        activations,
        (Counts.of(first.passes), Counts.of(other.passes)),
    )


def _one_round(saving: BenchedLoop, without: BenchedLoop, number: int):
    """Which goes first changes, so that a machine that slows down favours neither."""
    if number % 2:
        second, first = without.run(), saving.run()
        return first, second
    return saving.run(), without.run()


def _peak_activations(loop: BenchedLoop) -> int:
    activations = Activations(loop.model.transformer)
    with activations.counted():
        loop.run()
    return activations.peak_bytes


def _changed(subject: Subject, *changes: Fields) -> Subject:
    fields = subject.config.model_dump()
    for change in changes:
        fields = merge(fields, dict(change))
    return replace(subject, config=RunConfig.model_validate(fields))
