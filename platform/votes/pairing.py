"""Which pairs of pictures a vote is about: the same number for each two policies, as far as there are."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from pictures.policies import PolicyRef
from pictures.refs import Ref
from votes.drawn import Cell, Drawn


@dataclass(frozen=True)
class PlannedPair:
    first: PolicyRef
    second: PolicyRef
    cell: Cell
    first_picture: Ref
    second_picture: Ref


@dataclass(frozen=True)
class Comparison:
    """Two policies, and what both have drawn."""

    first: PolicyRef
    second: PolicyRef
    cells: tuple[Cell, ...]


def comparisons_of(drawn: Drawn) -> list[Comparison]:
    """Each two policies once, in their order, also where they have nothing in common."""
    found = []
    for first, second in combinations(drawn, 2):
        shared = tuple(cell for cell in drawn[first] if cell in drawn[second])
        found.append(Comparison(first, second, shared))
    return found


def num_taken(comparisons: Sequence[Comparison], most: int) -> int:
    """How many pairs `take_pairs` gives."""
    return min(most, sum(len(comparison.cells) for comparison in comparisons))


def take_pairs(drawn: Drawn, most: int, rng: random.Random) -> list[PlannedPair]:
    """At most so many pairs, a comparison after the other, each of its cells drawn at random."""
    piles = []
    for comparison in comparisons_of(drawn):
        cells = list(comparison.cells)
        rng.shuffle(cells)
        piles.append((comparison, cells))
    rng.shuffle(piles)
    taken: list[PlannedPair] = []
    while len(taken) < most and any(cells for _, cells in piles):
        for comparison, cells in piles:
            if cells and len(taken) < most:
                taken.append(_pair(drawn, comparison, cells.pop()))
    return taken


def _pair(drawn: Drawn, comparison: Comparison, cell: Cell) -> PlannedPair:
    first, second = comparison.first, comparison.second
    return PlannedPair(first, second, cell, drawn[first][cell], drawn[second][cell])
