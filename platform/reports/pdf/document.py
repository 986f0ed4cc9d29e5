"""A report as a PDF: A4, text that can be selected, numbered pages."""

from reports.models import Report
from reports.pdf.panels import Pictures, write_panel
from reports.pdf.paper import MUTED, SMALL, Paper
from reports.pdf.prose import write_prose
from reports.pieces import Placed, Prose
from reports.scope import Scope
from reports.takeaway import Takeaway, takeaway_of

MOST_PICTURES = 400
MOST_CODES = 20


def pdf_of(report: Report, most_pictures: int = MOST_PICTURES) -> bytes:
    return write_pdf(takeaway_of(report), most_pictures)


def write_pdf(takeaway: Takeaway, most_pictures: int = MOST_PICTURES) -> bytes:
    """The file; past so many pictures they are left out, and it says so."""
    paper, pictures = Paper(takeaway.title), Pictures(most_pictures)
    paper.paragraph(takeaway.title, 18, style="B")
    paper.paragraph(takeaway.facts, SMALL, MUTED)
    paper.gap()
    for piece in takeaway.pieces:
        if isinstance(piece, Prose):
            write_prose(paper, piece.tokens)
        elif isinstance(piece, Placed):
            _write_placed(paper, takeaway.scope, piece, pictures)
        else:
            write_panel(piece, paper, pictures)
        paper.gap(2)
    if pictures.num_left_out:
        paper.paragraph(f"{pictures.num_left_out} pictures are left out: the file would be too large.", SMALL, MUTED)
    if paper.missing:
        paper.paragraph(f"No font here has these letters: {_codes(paper.missing)}.", SMALL, MUTED)
    return bytes(paper.output())


def _codes(letters: set[str]) -> str:
    codes = [f"U+{ord(letter):04X}" for letter in sorted(letters)]
    return ", ".join(
        codes if len(codes) <= MOST_CODES else [*codes[:MOST_CODES], f"and {len(codes) - MOST_CODES} more"]
    )


def _write_placed(paper: Paper, scope: Scope, placed: Placed, pictures: Pictures) -> None:
    if placed.panel is None:
        words = [f"This {placed.block.kind} panel does not read."]
        words += [
            f"Line {one.line}: {' '.join(filter(None, (one.key, one.value, one.message)))}" for one in placed.problems
        ]
        paper.paragraph("\n".join(words), SMALL, MUTED)
    else:
        write_panel(placed.panel.draw(scope), paper, pictures)
