"""The pictures of an address as its page has them: a row for each seed, a column for each policy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pictures.models import Drawing
from pictures.policies import Policy
from pictures.shown import Shown, show
from playground.asked import Asked
from playground.selectors import Settings

SMALL_SIDE = 128


@dataclass(frozen=True)
class Cell:
    """`shown` is None until the picture is there. `is_kept`: it does not expire."""

    place: int
    policy: Policy
    seed: int
    shown: Shown | None = None
    is_kept: bool = False

    @property
    def image_size(self) -> tuple[int, int]:
        """Width and height in pixels, of a box that is there before the picture is."""
        model = self.policy.run.config.get("model", {})
        height = model.get("resolution", SMALL_SIDE)
        return model.get("width") or height, height

    @property
    def is_small(self) -> bool:
        """Shown larger than it is: with its pixels, not blurred."""
        return max(self.image_size) <= SMALL_SIDE


@dataclass(frozen=True)
class Row:
    seed: int
    cells: tuple[Cell, ...]

    @property
    def refs(self) -> str:
        """As /compare/ takes them; empty where there is nothing to compare."""
        refs = [str(cell.shown.ref) for cell in self.cells if cell.shown]
        return ",".join(refs) if len(refs) > 1 else ""


@dataclass(frozen=True)
class Grid:
    policies: Sequence[Policy]
    rows: Sequence[Row]
    settings: Settings

    @property
    def is_small(self) -> bool:
        return all(cell.is_small for row in self.rows[:1] for cell in row.cells)

    @property
    def num_missing(self) -> int:
        return sum(cell.shown is None for row in self.rows for cell in row.cells)


def lay(asked: Asked, policies: Sequence[Policy], settings: Settings, drawn: Mapping[int, Drawing]) -> Grid:
    rows = []
    for number, seed in enumerate(asked.seeds):
        first = number * len(policies)
        places = enumerate(policies, first)
        rows.append(Row(seed, tuple(make_cell(place, policy, seed, drawn.get(place)) for place, policy in places)))
    return Grid(policies, rows if policies and asked.prompt else (), settings)


def make_cell(place: int, policy: Policy, seed: int, drawing: Drawing | None) -> Cell:
    if drawing is None:
        return Cell(place, policy, seed)
    return Cell(place, policy, seed, show(drawing), drawing.expires_at is None)
