"""What becomes a file of its own: a report, or anything else that is made of prose and panels."""

from collections.abc import Sequence
from dataclasses import dataclass

from reports.drawings import Drawing
from reports.models import Report
from reports.pieces import Piece, take_apart
from reports.scope import Scope
from reports.selectors import scope_of


@dataclass(frozen=True)
class Takeaway:
    """`facts` stand below the title. Panels are drawn from the rows of `scope`; some may be drawn already."""

    title: str
    facts: str
    pieces: Sequence[Piece | Drawing]
    scope: Scope


def takeaway_of(report: Report) -> Takeaway:
    facts = f"{report.team.name} · version {report.version} · {report.updated_at:%Y-%m-%d %H:%M %Z}"
    return Takeaway(report.title, facts, take_apart(report.body), scope_of(report))
