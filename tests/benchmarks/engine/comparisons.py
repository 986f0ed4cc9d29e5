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
    return Gain(comparison.name, tuple(ratio for ratio, _ in rounds), activations, rounds[0][1])


def _one_round(saving: BenchedLoop, without: BenchedLoop, number: int) -> tuple[float, tuple[Counts, Counts]]:
    """The ratio of seconds, and the passes of both. Which goes first changes: a machine that slows favours neither."""
    in_turn = (without, saving) if number % 2 else (saving, without)
    of_loop = {}
    for loop in in_turn:
        measured = loop.run()
        of_loop[loop] = measured.seconds, Counts.of(measured.passes)
    (with_seconds, with_counts), (seconds, counts) = of_loop[saving], of_loop[without]
    return seconds / with_seconds, (with_counts, counts)


def _peak_activations(loop: BenchedLoop) -> int:
    activations = Activations(loop.model.transformer)
    with activations.counted():
        loop.run(keeps_passes=False)
    return activations.peak_bytes


def _changed(subject: Subject, *changes: Fields) -> Subject:
    fields = subject.config.model_dump()
    for change in changes:
        fields = merge(fields, dict(change))
    return replace(subject, config=RunConfig.model_validate(fields))
