"""What a panel shows, before it becomes HTML or a page of a PDF: charts, pictures or a table.

Places in a chart are those of `runs.scatter`; colours are numbers of series, from 1, and 0 for what has none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from reports.scope import Row
from runs.scatter import Axis

NUM_COLORS = 8


@dataclass(frozen=True)
class Line:
    color: int
    points: list[tuple[float, float]]

    @property
    def svg(self) -> str:
        return svg_of(self.points)


@dataclass(frozen=True)
class Band:
    """An interval along a line: its edge, once around."""

    color: int
    points: list[tuple[float, float]]

    @property
    def svg(self) -> str:
        return svg_of(self.points)


@dataclass(frozen=True)
class Dot:
    """`low` and `high` end its interval."""

    x: float
    y: float
    low: float
    high: float
    color: int
    words: str
    run_id: UUID | None = None


@dataclass(frozen=True)
class Plot:
    """`words` say in a sentence what is to be seen, for who cannot see it."""

    title: str
    words: str
    x: Axis
    y: Axis
    x_title: str
    lines: list[Line] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)
    bands: list[Band] = field(default_factory=list)


@dataclass(frozen=True)
class Key:
    """Whose colour is which."""

    color: int
    name: str
    run_id: UUID | None


@dataclass(frozen=True)
class Charts:
    title: str
    plots: list[Plot]
    legend: list[Key]
    note: str = ""

    template = "reports/panels/charts.html"


@dataclass(frozen=True)
class Tile:
    """`lines` are its caption."""

    row: Row
    alt: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tiles:
    """Pictures, each with its caption."""

    title: str
    tiles: list[Tile]
    note: str = ""

    template = "reports/panels/tiles.html"

    @property
    def pictures(self) -> list[Row]:
        return [tile.row for tile in self.tiles]


@dataclass(frozen=True)
class Column:
    name: str
    run_id: UUID | None = None


@dataclass(frozen=True)
class Grid:
    """Prompts down, policies across; a cell is None where nothing was drawn."""

    title: str
    columns: list[Column]
    rows: list[tuple[str, list[Tile | None]]]
    note: str = ""

    template = "reports/panels/grid.html"

    @property
    def pictures(self) -> list[Row]:
        return [tile.row for _, tiles in self.rows for tile in tiles if tile]


@dataclass(frozen=True)
class Cell:
    text: str
    interval: str = ""
    verdict: str = ""


@dataclass(frozen=True)
class TableRow:
    """The first cell is a run's name."""

    name: str
    run_id: UUID | None
    cells: list[Cell]


@dataclass(frozen=True)
class Table:
    title: str
    headings: list[str]
    rows: list[TableRow]
    note: str = ""

    template = "reports/panels/table.html"


@dataclass(frozen=True)
class Gap:
    """There is nothing to show, and why."""

    title: str
    words: str

    template = "reports/panels/gap.html"


Drawing = Charts | Tiles | Grid | Table | Gap


def svg_of(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)


def color_of(place: int, many: int) -> int:
    """The colour of one among so many: where they are more than there are colours, the later ones share the last."""
    return min(place, NUM_COLORS - 1) + 1 if many else 0
