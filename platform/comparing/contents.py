"""What a comparison shows, from rows that are given: for a page of the team's, and for one that is shared.

`read_content(Rows.of_team(comparison.team), comparison.looking, addresses)` is what somebody sees who is no user;
`comparing/_content.html` draws it, and the refs of `shown_refs` are exactly the pictures that it asks for.
"""

from dataclasses import dataclass, replace

from comparing.grids import Grid, read_grid
from comparing.items import Addresses, Item, items_among
from comparing.looking import GAINS, INTERVALS, SPEEDS, Looking
from comparing.rows import Rows
from pictures.policies import PolicyRef
from pictures.refs import Ref


@dataclass(frozen=True)
class Content:
    """Either of the two: pictures side by side, or a grid. `missing` counts items that are not there.

    Items may come from a grid, `around`; then scripts ask the address `more` for those beside them.
    """

    looking: Looking
    items: list[Item]
    grid: Grid | None
    missing: int
    around: Grid | None = None
    more: str = ""

    gains = GAINS
    intervals = INTERVALS
    speeds = SPEEDS

    @property
    def shows_items(self) -> bool:
        return bool(self.looking.items)

    def as_data(self) -> dict:
        """For the scripts of the page."""
        neighbours = self.around.as_data() | {"more": self.more} if self.around else {}
        return {"items": [item.as_data() for item in self.items], **neighbours}


def read_content(rows: Rows, looking: Looking, addresses: Addresses | None = None) -> Content:
    if looking.items:
        items = items_among(rows, looking.items, addresses)
        return Content(looking, items, None, len(looking.items) - len(items))
    return Content(looking, [], read_grid(rows, looking, addresses), 0)


def with_neighbours(content: Content, rows: Rows, more: str) -> Content:
    """For who may look at the whole grid that the items come from."""
    looking = content.looking
    return (
        replace(content, around=read_grid(rows, looking), more=more) if looking.items and looking.policies else content
    )


def shown_refs(content: Content) -> frozenset[Ref]:
    """Exactly the pictures that it shows."""
    shown = content.items if content.grid is None else [cell.item for cell in content.grid.cells]
    return frozenset(item.shown.ref for item in shown)


def shown_policies(content: Content) -> tuple[PolicyRef, ...]:
    """The columns that it shows."""
    return tuple(head.column.ref for head in content.grid.heads) if content.grid else ()
