"""An experiment's runs by what they do: a row for each configuration, with mean and interval over its seeds."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from os.path import commonprefix
from typing import Any

from runs.models import Run
from runs.seed_groups import NOT_TRAINING, SEED, group_by_seed
from sweeps.results import Measure, PointRow, judged, row_of

MOST_COLUMNS = 4


@dataclass(frozen=True)
class SeedTable:
    """`knobs` are the paths of what differs between the rows; none where too much does."""

    knobs: tuple[str, ...]
    rows: tuple[tuple[str, PointRow], ...]


def seed_table(runs: Sequence[Run], measure: Measure) -> SeedTable:
    """Each row with what its runs' names share, those of most seeds first."""
    by_seed = [sorted(group, key=lambda run: run.config.get(SEED, 0)) for group in group_by_seed(runs).values()]
    groups = sorted(by_seed, key=len, reverse=True)
    flat = [dict(_flat(group[0].config)) for group in groups]
    knobs = _varying(flat)
    rows = [row_of(values, knobs, group, measure) for values, group in zip(flat, groups, strict=True)]
    names = [shared_name([run.name for run in group]) for group in groups]
    return SeedTable(knobs, tuple(zip(names, judged(rows, measure), strict=True)))


def shared_name(names: Sequence[str]) -> str:
    """What the names begin with, without the seed that tells them apart; of one run its name."""
    if len(names) == 1:
        return names[0]
    shared = commonprefix(list(names))
    # Seeds 11 and 12 do not share the seed 1.
    if any(name[len(shared) :][:1].isdigit() for name in names):
        shared = shared.rstrip("0123456789")
    return re.sub(r"[\s,·:-]*(seed)?[\s,·:-]*$", "", shared, flags=re.IGNORECASE) or names[0]


def _varying(configs: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    paths = dict.fromkeys(path for config in configs for path in config)
    found = tuple(path for path in paths if len({repr(config.get(path)) for config in configs}) > 1)
    return found if len(found) <= MOST_COLUMNS else ()


def _flat(data: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Values by their paths, as the command line names them."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            if path or key not in (SEED, *NOT_TRAINING):
                yield from _flat(value, (*path, key))
    elif isinstance(data, list) and any(isinstance(item, Mapping) for item in data):
        for place, item in enumerate(data):
            yield from _flat(item, (*path, str(place)))
    else:
        yield ".".join(path), data
