"""Which pictures a shared report shows: those alone can be had by its link."""

from pictures.policies import PolicyRef
from pictures.refs import Ref
from reports.panels.grid import PictureGrid
from reports.panels.pictures import Pictures
from reports.pieces import panels_of
from reports.scope import Row, Scope


def find_shown(scope: Scope, text: str, ref: Ref) -> Row | None:
    """The picture, where a panel of the report has it."""
    row = scope.pictures([ref]).get(ref)
    if row is None:
        return None
    panels = [placed.panel for placed in panels_of(text)]
    return row if any(_shows(scope, panel, ref, row) for panel in panels) else None


def _shows(scope: Scope, panel, ref: Ref, row: Row) -> bool:
    if isinstance(panel, Pictures):
        return ref in panel.refs
    if isinstance(panel, PictureGrid) and row.run_id and PolicyRef(row.run_id, row.iteration) in panel.policies:
        return row in getattr(panel.draw(scope), "pictures", ())
    return False
