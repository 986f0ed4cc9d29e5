"""A report as HTML for one place: its pieces in their order, and which panels still move."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from reports.drawings import Drawing
from reports.links import lead_home
from reports.pieces import Piece, Placed, Prose, panels_of, take_apart
from reports.places import Place
from reports.scope import Scope


@dataclass(frozen=True)
class Shown:
    """A piece; only of panels there is a `number`. `digest` is the same while the panel looks the same."""

    html: SafeString
    number: int | None = None
    digest: str = ""
    is_live: bool = False


def show_report(scope: Scope, text: str, place: Place) -> list[Shown]:
    return show_pieces(scope, take_apart(text), place)


def show_pieces(scope: Scope, pieces: Sequence[Piece | Drawing], place: Place) -> list[Shown]:
    if place.is_away:
        for piece in pieces:
            if isinstance(piece, Prose):
                lead_home(piece.tokens)
    live = scope.live(run_id for piece in pieces if isinstance(piece, Placed) for run_id in _runs_of(piece))
    return [_show_piece(scope, piece, place, live) for piece in pieces]


def show_panel(scope: Scope, text: str, number: int, place: Place) -> Shown | None:
    """One panel of the report as it is now; None where it has none of that number."""
    placed = next((one for one in panels_of(text) if one.number == number), None)
    return placed and _show(scope, placed, place, scope.live(_runs_of(placed)))


def show_drawn(number: int, drawing: Drawing, place: Place, is_live: bool) -> Shown:
    return _shown(number, _html_of(drawing, place), is_live)


def _show_piece(scope: Scope, piece: Piece | Drawing, place: Place, live: set) -> Shown:
    if isinstance(piece, Prose):
        return Shown(piece.html)
    if isinstance(piece, Placed):
        return _show(scope, piece, place, live)
    return Shown(_html_of(piece, place))


def _html_of(drawing: Drawing, place: Place) -> SafeString:
    return render_to_string(drawing.template, {"drawing": drawing, "place": place})


def _show(scope: Scope, placed: Placed, place: Place, live: set) -> Shown:
    # Whether it is live was asked before: a panel that has come to rest holds everything.
    is_live = not live.isdisjoint(_runs_of(placed))
    if placed.panel:
        return show_drawn(placed.number, placed.panel.draw(scope), place, is_live)
    return _shown(placed.number, render_to_string("reports/panels/problems.html", {"placed": placed}), is_live)


def _shown(number: int, html: SafeString, is_live: bool) -> Shown:
    return Shown(html, number, hashlib.sha256(f"{is_live}{html}".encode()).hexdigest()[:16], is_live)


def _runs_of(placed: Placed) -> tuple:
    return placed.panel.runs if placed.panel else ()
