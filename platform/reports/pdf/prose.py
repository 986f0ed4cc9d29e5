"""Markdown on paper: fpdf2 sets HTML, and this has it set what Markdown can hold."""

from collections.abc import Sequence

from fpdf import FontFace, TextStyle
from markdown_it.token import Token

from reports.links import lead_home
from reports.pdf.paper import ACCENT, BODY, MONO, MUTED, SANS, TEXT, Paper
from runs.templatetags.markdown import set_tokens

HEADINGS = {"h3": 15, "h4": 12.5, "h5": 11, "h6": 10}
CODE_SIZE = 8.5
HOLDERS = ("blockquote_open", "list_item_open")
ENDS = ("blockquote_close", "list_item_close")


def write_prose(paper: Paper, tokens: Sequence[Token]) -> None:
    lead_home(tokens)
    _plain_cells(tokens)
    _bare_paragraphs(tokens)
    paper.write_in(BODY)
    styles = {
        name: TextStyle(
            font_family=SANS, font_style="B", font_size_pt=size, color=TEXT, t_margin=3, b_margin=1.5, l_margin=0
        )
        for name, size in HEADINGS.items()
    }
    styles |= {
        "code": FontFace(family=MONO, size_pt=CODE_SIZE, color=TEXT),
        "pre": TextStyle(font_family=MONO, font_size_pt=CODE_SIZE, color=TEXT, t_margin=2, b_margin=2),
        "a": FontFace(color=ACCENT, emphasis="UNDERLINE"),
        "p": TextStyle(font_family=SANS, font_size_pt=BODY, color=TEXT, b_margin=2),
        "ul": TextStyle(t_margin=1, b_margin=2),
        "ol": TextStyle(t_margin=1, b_margin=2),
        "blockquote": TextStyle(font_family=SANS, font_size_pt=BODY, color=MUTED, l_margin=6, t_margin=3, b_margin=2),
    }
    html = set_tokens(tokens)
    paper.heed(html)
    paper.write_html(
        html,
        font_family=SANS,
        tag_styles=styles,
        li_prefix_color=TEXT,
        table_line_separators=True,
        warn_on_tags_not_matching=False,
    )
    paper.write_in(BODY)


def _plain_cells(tokens: Sequence[Token]) -> None:
    """The cells of tables as plain text: more than that fpdf2 does not set there."""
    in_table = False
    for token in tokens:
        if token.type in ("table_open", "table_close"):
            in_table = token.type == "table_open"
        elif in_table and token.type == "inline":
            token.children = [Token("text", "", 0, content=_words(token.children or []))]


def _bare_paragraphs(tokens: Sequence[Token]) -> None:
    """Paragraphs of quotes and of items of lists without their tags, at which fpdf2 forgets indent and bullet."""
    places: list[int] = []
    for token in tokens:
        if token.type in HOLDERS:
            places.append(0)
        elif places and token.type in ENDS:
            places.pop()
        elif places and token.type.startswith("paragraph"):
            token.hidden = True
        elif places and token.type == "inline":
            # Between two paragraphs is an empty line.
            breaks = [Token("hardbreak", "br", 0)] * (2 if places[-1] else 0)
            token.children = [*breaks, *(token.children or [])]
            places[-1] += 1


def _words(children: Sequence[Token]) -> str:
    return "".join(" " if child.type in ("softbreak", "hardbreak") else child.content for child in children)
