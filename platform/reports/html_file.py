"""A report as one HTML file: pictures and styles in it, no script, nothing loaded from anywhere."""

from pathlib import Path

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from reports.models import Report
from reports.places import InAFile
from reports.showing import show_pieces
from reports.takeaway import Takeaway, takeaway_of

STYLES = ("css/tokens.css", "css/reports.css", "css/report-file.css")
MOST_BYTES = 20_000_000


def html_of(report: Report, most_bytes: int = MOST_BYTES) -> str:
    return write_html(takeaway_of(report), most_bytes)


def write_html(takeaway: Takeaway, most_bytes: int = MOST_BYTES) -> str:
    """The whole file; pictures that would make it larger than about `most_bytes` are left out, and it says so."""
    place = InAFile(most_bytes)
    pieces = show_pieces(takeaway.scope, takeaway.pieces, place)
    styles = "\n".join(Path(finders.find(name)).read_text() for name in STYLES)
    context = {"takeaway": takeaway, "pieces": pieces, "styles": mark_safe(styles), "num_left_out": place.num_left_out}
    return render_to_string("reports/file.html", context)
