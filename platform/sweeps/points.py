"""The points of a sweep: every combination of values, as a configuration, with what is wrong with it."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from flowdppo_engine.config import RunConfig
from flowdppo_engine.recipes import apply_overrides
from runs.config_errors import ConfigCheck, ConfigInvalid
from runs.knobs import Union
from sweeps.axes import AxesInvalid, Axis, format_value
from sweeps.knob_paths import NamedKnob, NoSuchKnob, find_knob

MOST_RUNS = 500


@dataclass(frozen=True)
class Point:
    """`values` by knob; `config` is None where `problems` keep it from running."""

    place: int
    values: dict[str, Any]
    config: RunConfig | None
    problems: tuple[str, ...] = ()


def points_of(data: Mapping, axes: Sequence[Axis], num_seeds: int) -> tuple[Point, ...]:
    """Every point of the grid, checked. Raises AxesInvalid, before anything is checked, for too many runs."""
    num_runs = prod(len(axis.values) for axis in axes) * num_seeds
    if num_runs > MOST_RUNS:
        counts = " × ".join([*(str(len(axis.values)) for axis in axes), f"{num_seeds} seed{'s' * (num_seeds > 1)}"])
        raise AxesInvalid([f"{counts} make {num_runs:,} runs: a sweep has at most {MOST_RUNS}. Take values out."])
    knobs, check, seen = _in_order([axis.knob for axis in axes], data), ConfigCheck(), {}
    return tuple(_point(place, values, data_at(data, values, knobs), check, seen) for place, values in _grid(axes))


def data_at(data: Mapping, values: Mapping[str, Any], knobs: Iterable[NamedKnob]) -> dict:
    """The configuration at a point."""
    data = dict(data)
    for knob in knobs:
        value = values[knob.path]
        if isinstance(knob.node, Union):
            value = _chosen(knob, value, data)
        data = apply_overrides(data, [f"{knob.path}={json.dumps(value)}"])
    return data


def labels_of(knobs: Sequence[str], data: Mapping) -> dict[str, str]:
    """A short name for each knob, and its path where two would be called the same."""
    labels = {knob: _label(knob, data) for knob in knobs}
    taken = list(labels.values())
    return {knob: label if taken.count(label) == 1 else knob for knob, label in labels.items()}


def name_of(values: Mapping[str, Any], labels: Mapping[str, str], seed: int | None, longest: int = 120) -> str:
    """What tells a run from the others of its sweep: `Learning rate 1e-5, rank 16, seed 2`."""
    parts = [f"{labels[knob]} {format_value(value)}" for knob, value in values.items()]
    parts = [part if place == 0 else part[:1].lower() + part[1:] for place, part in enumerate(parts)]
    last = [] if seed is None else [f"seed {seed}" if parts else f"Seed {seed}"]
    start = ", ".join(parts)[: longest - 20]
    return ", ".join(filter(None, (start, *last)))


def _grid(axes: Sequence[Axis]) -> Iterator[tuple[int, dict[str, Any]]]:
    for place, values in enumerate(product(*(axis.values for axis in axes))):
        yield place, dict(zip((axis.knob for axis in axes), values, strict=True))


def _point(place: int, values: dict, data: Mapping, check: ConfigCheck, seen: dict[str, int]) -> Point:
    try:
        config = check(data)
    except ConfigInvalid as invalid:
        # A combination is named at the top and again at its field.
        messages = dict.fromkeys(message for some in invalid.errors.values() for message in some)
        return Point(place, values, None, tuple(messages))
    twin = seen.setdefault(config.model_dump_json(), place)
    if twin != place:
        return Point(place, values, None, ("It is the same as another point: its values change nothing there.",))
    return Point(place, values, config)


def _in_order(knobs: Iterable[str], data: Mapping) -> list[NamedKnob]:
    """Choices are made first, so that the knobs of what was chosen can be set. Raises AxesInvalid for no such knob."""
    try:
        named = [find_knob(knob, data) for knob in knobs]
    except NoSuchKnob as error:
        raise AxesInvalid([str(error)]) from error
    return sorted(named, key=lambda knob: (knob.path.count("."), not isinstance(knob.node, Union)))


def _chosen(knob: NamedKnob, value: Any, data: Mapping) -> Any:
    """A choice that stays keeps its block; another one starts with its defaults."""
    block: Any = data
    for part in knob.path.split("."):
        block = block[int(part)] if isinstance(block, list) else block.get(part, {})
    discriminator = knob.node.discriminator
    return block if block.get(discriminator) == value else {discriminator: value}


def _label(knob: str, data: Mapping) -> str:
    try:
        return find_knob(knob, data).label
    except NoSuchKnob:
        return knob
