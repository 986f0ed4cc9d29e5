"""Prompts by policies by seeds: a picture in each cell, with its score and how far that is from another one's."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from comparing.cells import KL, Pictures, read_pictures, value_of
from comparing.columns import Column, columns_of
from comparing.items import Addresses, Item, item_of
from comparing.looking import MOST_ITEMS, Looking
from comparing.prompts import Prompts, prompts_of
from comparing.rows import Rows
from pictures.policies import PolicyRef
from pictures.refs import Ref

LEVELS = 4
USUAL_SEEDS = 8


@dataclass(frozen=True)
class Cell:
    """`level` says how far from what it is measured against, from -LEVELS to LEVELS.

    `query` opens the row with this one picked.
    """

    item: Item
    value: float | None
    difference: float | None
    level: int = 0
    query: str = ""
    earlier: int | None = None

    @property
    def tint(self) -> str:
        return f"above-{self.level}" if self.level > 0 else f"below-{-self.level}" if self.level < 0 else ""


@dataclass(frozen=True)
class Row:
    seed: int
    cells: list[Cell | None]


@dataclass(frozen=True)
class Group:
    """The rows of a prompt."""

    mark: str
    prompt: str
    rows: list[Row]


@dataclass(frozen=True)
class Head:
    """A column with the means over its cells; `without` is the query of the grid without it."""

    column: Column
    value: float | None
    difference: float | None
    without: str


@dataclass(frozen=True)
class Grid:
    """`missing` counts policies that are not there. `seeds` are all that there are, `shown_seeds` those shown.

    Differences are to the column `against`; where that is None, each to the base model of its own run.
    """

    looking: Looking
    heads: list[Head]
    groups: list[Group]
    missing: int
    score: str
    scores: list[str]
    prompts: Prompts
    seeds: list[int]
    shown_seeds: list[int]
    against: Column | None = None

    @property
    def cells(self) -> Iterable[Cell]:
        return (cell for group in self.groups for row in group.rows for cell in row.cells if cell)

    @property
    def next_page(self) -> str:
        """Query of the next prompts; empty on the last page."""
        return replace(self.looking, after=self.prompts.after, items=()).query if self.prompts.after else ""

    def as_data(self) -> dict:
        """Which pictures stand side by side, for the scripts to go from one row to the next."""
        return {
            "prompts": [
                [[cell and str(cell.item.shown.ref) for cell in row.cells] for row in group.rows]
                for group in self.groups
            ]
        }


def read_grid(rows: Rows, looking: Looking, addresses: Addresses | None = None) -> Grid:
    """Seven queries, however many cells there are."""
    columns = columns_of(rows, looking.policies)
    prompts = prompts_of(rows, columns, looking)
    against = next((column for column in columns if column.ref == looking.against), None)
    pictures = read_pictures(rows, columns, prompts.texts, against.ref if against else None)
    seeds = pictures.seeds
    shown_seeds = [seed for seed in seeds if seed in looking.seeds] or seeds[:USUAL_SEEDS]
    score = _score(columns, pictures, looking)
    groups = [_group(mark, prompts, columns, pictures, shown_seeds, score, addresses) for mark in prompts.shown]
    groups = _finished(looking, [group for group in groups if group.rows])
    return Grid(
        looking=looking,
        heads=[_head(looking, columns, groups, place) for place in range(len(columns))],
        groups=groups,
        missing=len(looking.policies) - len(columns),
        score=score,
        scores=pictures.scores,
        prompts=prompts,
        seeds=seeds,
        shown_seeds=shown_seeds,
        against=against,
    )


def _score(columns: Sequence[Column], pictures: Pictures, looking: Looking) -> str:
    """The one that was asked for, or the first that the first run is trained on, or any."""
    trained_on = columns[0].policy.run.config.get("rewards", []) if columns else []
    own = [reward.get("label") or reward["name"] for reward in trained_on]
    wanted = [looking.score, *own, *(name for name in pictures.scores if name != KL), KL]
    return next((name for name in wanted if name in pictures.scores), "")


def _group(
    mark: str,
    prompts: Prompts,
    columns: Sequence[Column],
    pictures: Pictures,
    seeds: Sequence[int],
    score: str,
    addresses: Addresses | None,
) -> Group:
    prompt = prompts.known[mark]
    rows = [
        Row(seed, [_cell(column, pictures, (column.ref, prompt, seed), score, addresses) for column in columns])
        for seed in seeds
    ]
    return Group(mark, prompt, [row for row in rows if any(row.cells)])


def _cell(
    column: Column,
    pictures: Pictures,
    key: tuple[PolicyRef, str, int],
    score: str,
    addresses: Addresses | None,
) -> Cell | None:
    row = pictures.chosen.get(key)
    if row is None:
        return None
    value, measure = value_of(row, score), value_of(pictures.measure.get(key), score)
    difference = None if value is None or measure is None else value - measure
    earlier = row.iteration if row.iteration != column.ref.iteration else None
    return Cell(item_of(row, addresses), value, difference, earlier=earlier)


def _finished(looking: Looking, groups: list[Group]) -> list[Group]:
    """With what needs the whole grid: levels by the largest difference, and queries by the row."""
    differences = [
        abs(cell.difference or 0) for group in groups for row in group.rows for cell in row.cells if cell is not None
    ]
    largest = max(differences, default=0)
    return [
        replace(group, rows=[replace(row, cells=_finished_cells(looking, row, largest)) for row in group.rows])
        for group in groups
    ]


def _finished_cells(looking: Looking, row: Row, largest: float) -> list[Cell | None]:
    # An early sample may stand for two policies.
    refs = list(dict.fromkeys(cell.item.shown.ref for cell in row.cells if cell))
    return [
        cell
        and replace(cell, level=_level(cell.difference, largest), query=_opened(looking, refs, cell.item.shown.ref))
        for cell in row.cells
    ]


def _level(difference: float | None, largest: float) -> int:
    if not difference:
        return 0
    return int(math.copysign(math.ceil(LEVELS * abs(difference) / largest), difference))


def _opened(looking: Looking, refs: Sequence[Ref], picked: Ref) -> str:
    """The row, or as much of it around the picked one as fits, beside its first picture."""
    place = refs.index(picked)
    begin = max(0, min(place - MOST_ITEMS + 1, len(refs) - MOST_ITEMS))
    items = refs[begin : begin + MOST_ITEMS]
    second = items.index(picked) + 1
    pair = (1, second) if second > 1 else (2, 1) if len(items) > 1 else (1, 2)
    return replace(looking, items=tuple(items), pair=pair).query


def _head(looking: Looking, columns: Sequence[Column], groups: Sequence[Group], place: int) -> Head:
    cells = [cell for group in groups for row in group.rows if (cell := row.cells[place])]
    ref = columns[place].ref
    others = tuple(policy for policy in looking.policies if policy != ref)
    return Head(
        columns[place],
        _mean(cell.value for cell in cells),
        _mean(cell.difference for cell in cells),
        replace(looking, policies=others, items=(), against=None if looking.against == ref else looking.against).query,
    )


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
