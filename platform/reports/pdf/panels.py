"""Panels on paper, from the same drawings as the pages."""

import io
from functools import singledispatch

from fpdf import FontFace
from fpdf.enums import TableBordersLayout, XPos, YPos

from pictures.files import read_thumbnail
from reports.drawings import Charts, Gap, Grid, Key, Plot, Table, Tile, Tiles
from reports.pdf.paper import BODY, CELLS, GRID, MUTED, SERIES, SMALL, TEXT, TINY, Paper, shorten
from reports.scope import Row
from runs import scatter

PLOTS_A_ROW, TILES_A_ROW = 2, 5
GAP = 4
CAPTION = 5
LINE, CAPTION_LINES = 3, 4
BELOW = LINE * CAPTION_LINES + 1
LARGEST_SIDE, WIDEST_PROMPT = 32.0, 50.0
# As in reports.css.
BAND = 0.18
# The names of the runs share the first column of a table with their iterations.
WIDTHS = (32, 20, 35, 24, 24, 28, 15)


class Pictures:
    """Counts what is put in; past `most` no more is."""

    def __init__(self, most: int):
        self._most = most
        self.num_put_in = self.num_left_out = 0

    def put(self, paper: Paper, row: Row, x: float, y: float, side: float, alt: str) -> None:
        if self.num_put_in >= self._most:
            self.num_left_out += 1
            return
        try:
            content = io.BytesIO(read_thumbnail(row).content)
        except FileNotFoundError:
            return
        paper.image(content, x, y, side, side, keep_aspect_ratio=True, alt_text=alt)
        self.num_put_in += 1


@singledispatch
def write_panel(drawing, paper: Paper, pictures: Pictures) -> None:
    """Writes what a panel has drawn below the cursor."""
    raise TypeError(f"{type(drawing).__name__} is no drawing of a panel.")


@write_panel.register
def _(drawing: Gap, paper: Paper, pictures: Pictures) -> None:
    _title(paper, drawing.title, 10)
    paper.paragraph(drawing.words, SMALL, MUTED)


@write_panel.register
def _(drawing: Charts, paper: Paper, pictures: Pictures) -> None:
    width = (paper.epw - GAP * (PLOTS_A_ROW - 1)) / PLOTS_A_ROW
    height = width * scatter.HEIGHT / scatter.WIDTH + CAPTION
    _title(paper, drawing.title, height)
    for start in range(0, len(drawing.plots), PLOTS_A_ROW):
        paper.need(height)
        top = paper.get_y()
        for place, plot in enumerate(drawing.plots[start : start + PLOTS_A_ROW]):
            _plot(paper, plot, paper.l_margin + place * (width + GAP), top, width / scatter.WIDTH)
        paper.set_xy(paper.l_margin, top + height)
    for key in drawing.legend:
        _key(paper, key)
    paper.paragraph(drawing.note, SMALL, MUTED)


@write_panel.register
def _(drawing: Tiles, paper: Paper, pictures: Pictures) -> None:
    side = (paper.epw - GAP * (TILES_A_ROW - 1)) / TILES_A_ROW
    _title(paper, drawing.title, side + BELOW)
    for start in range(0, len(drawing.tiles), TILES_A_ROW):
        paper.need(side + BELOW)
        top = paper.get_y()
        for place, tile in enumerate(drawing.tiles[start : start + TILES_A_ROW]):
            _tile(paper, tile, paper.l_margin + place * (side + GAP), top, side, pictures)
        paper.set_xy(paper.l_margin, top + side + BELOW)
    paper.paragraph(drawing.note, SMALL, MUTED)


@write_panel.register
def _(drawing: Grid, paper: Paper, pictures: Pictures) -> None:
    side = min(LARGEST_SIDE, (paper.epw - GAP * len(drawing.columns)) / (len(drawing.columns) + 1))
    label = min(WIDEST_PROMPT, paper.epw - len(drawing.columns) * (side + GAP))
    height = side + BELOW
    _title(paper, drawing.title, 2 * height)
    top = paper.get_y()
    for place, column in enumerate(drawing.columns):
        _words(paper, column.name, paper.l_margin + label + GAP + place * (side + GAP), top, side, 2, MUTED)
    paper.set_xy(paper.l_margin, top + 2 * CAPTION)
    for prompt, tiles in drawing.rows:
        paper.need(height)
        top = paper.get_y()
        _words(paper, prompt, paper.l_margin, top, label, int(height / LINE) - 1, TEXT)
        for place, tile in enumerate(tiles):
            if tile:
                _tile(paper, tile, paper.l_margin + label + GAP + place * (side + GAP), top, side, pictures)
        paper.set_xy(paper.l_margin, top + height)
    paper.paragraph(drawing.note, SMALL, MUTED)


@write_panel.register
def _(drawing: Table, paper: Paper, pictures: Pictures) -> None:
    _title(paper, drawing.title, 24)
    paper.write_in(CELLS)
    paper.set_draw_color(*GRID)
    with paper.table(
        col_widths=WIDTHS,
        headings_style=FontFace(emphasis="BOLD", color=MUTED),
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        line_height=3.5,
        padding=(0.8, 2, 0.8, 0),
        text_align="LEFT",
    ) as table:
        table.row(drawing.headings)
        for row in drawing.rows:
            table.row([row.name, *("\n".join(filter(None, (cell.text, cell.interval))) for cell in row.cells)])
    paper.gap(1)
    paper.paragraph(drawing.note, SMALL, MUTED)


def _title(paper: Paper, text: str, room: float) -> None:
    """Never left alone at the end of a page."""
    paper.gap(2)
    paper.need(room + 8)
    paper.paragraph(text, BODY, style="B")
    paper.gap(1)


def _key(paper: Paper, key: Key) -> None:
    paper.need(4)
    y = paper.get_y()
    with paper.local_context(fill_color=SERIES[key.color]):
        paper.rect(paper.l_margin, y + 1.4, 5, 1, "F")
    paper.set_xy(paper.l_margin + 7, y)
    paper.write_in(SMALL)
    paper.cell(paper.epw - 7, 4, shorten(key.name, 100), new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _tile(paper: Paper, tile: Tile, x: float, y: float, side: float, pictures: Pictures) -> None:
    pictures.put(paper, tile.row, x, y, side, tile.alt)
    _words(paper, "\n".join(tile.lines), x, y + side + 0.5, side, CAPTION_LINES, MUTED)


def _words(paper: Paper, text: str, x: float, y: float, width: float, most_lines: int, color: tuple) -> None:
    """A few lines of small letters; what is too long ends in three dots."""
    paper.write_in(TINY, color)
    lines = paper.multi_cell(width, LINE, text, align="L", dry_run=True, output="LINES")
    if len(lines) > most_lines:
        lines = [*lines[: most_lines - 1], f"{lines[most_lines - 1].rstrip()[:-1]}…"]
    for number, line in enumerate(lines):
        paper.set_xy(x, y + LINE * number)
        paper.cell(width, LINE, line.rstrip())


def _plot(paper: Paper, plot: Plot, left: float, top: float, scale: float) -> None:
    def at(x: float, y: float) -> tuple[float, float]:
        return left + x * scale, top + CAPTION + y * scale

    _words(paper, plot.title, left, top, scatter.WIDTH * scale, 1, TEXT)
    paper.set_line_width(0.1)
    paper.set_draw_color(*GRID)
    for tick in plot.y.ticks:
        paper.line(*at(scatter.LEFT, tick.at), *at(scatter.WIDTH - scatter.RIGHT, tick.at))
        _mark(paper, tick.text, *at(scatter.LEFT - 6, tick.at), "R")
    for tick in plot.x.ticks:
        _mark(paper, tick.text, *at(tick.at, scatter.HEIGHT - 25), "C")
    _mark(paper, plot.x_title, *at(scatter.WIDTH / 2, scatter.HEIGHT - 8), "C")
    for band in plot.bands:
        with paper.local_context(fill_color=SERIES[band.color], fill_opacity=BAND):
            paper.polygon([at(x, y) for x, y in band.points], style="F")
    paper.set_line_width(0.3)
    for line in plot.lines:
        paper.set_draw_color(*SERIES[line.color])
        paper.polyline([at(x, y) for x, y in line.points])
    for dot in plot.dots:
        with paper.local_context(line_width=0.15, draw_color=MUTED, fill_color=SERIES[dot.color]):
            paper.line(*at(dot.x, dot.low), *at(dot.x, dot.high))
            paper.circle(*at(dot.x, dot.y), 0.8, style="F")


def _mark(paper: Paper, text: str, x: float, y: float, align: str) -> None:
    """A small word at a place: it ends there, or has its middle there."""
    paper.write_in(TINY, MUTED)
    width = paper.get_string_width(text) + 1
    paper.set_xy(x - width if align == "R" else x - width / 2, y - 1.25)
    paper.cell(width, 2.5, text, align=align)
