"""An A4 page with the house's letters: what every part of a PDF is written on."""

import logging
import unicodedata

from fpdf import FPDF, FontFace
from fpdf.enums import XPos, YPos

from reports.pdf.letters import face_with, folder_of, is_joined

SANS, MONO = "Sans", "Mono"
STYLES = {"": "", "B": "-Bold", "I": "-Oblique", "BI": "-BoldOblique"}
TEXT, MUTED, GRID, ACCENT = (26, 26, 35), (95, 95, 112), (226, 226, 233), (74, 65, 212)
# As in tokens.css; 0 is for what has no colour of its own.
SERIES = (
    (138, 138, 153),
    (58, 95, 208),
    (208, 98, 10),
    (22, 138, 98),
    (184, 50, 128),
    (10, 139, 166),
    (143, 106, 0),
    (122, 79, 208),
    (92, 100, 112),
)
MARGIN = 16
BODY, SMALL, CELLS, TINY = 10, 8, 7, 6.5

# It tells of every glyph that it leaves out.
logging.getLogger("fontTools").setLevel(logging.WARNING)


# What controls how letters stand and is none itself.
NO_LETTERS = ("Cc", "Cf", "Mn", "Zl", "Zp")


class Paper(FPDF):
    def __init__(self, title: str):
        super().__init__(format="A4")
        self._title = title
        self.missing: set[str] = set()
        # Latin, Greek, Cyrillic and the signs of mathematics. It comes with matplotlib, which stays unread.
        folder = folder_of("matplotlib") / "mpl-data" / "fonts" / "ttf"
        for style, ending in STYLES.items():
            self.add_font(SANS, style, folder / f"DejaVuSans{ending}.ttf")
            self.add_font(MONO, style, folder / f"DejaVuSansMono{ending}.ttf")
        # Others are added when a letter asks for them: fpdf2 asks only where there is one to fall back to.
        self._fallbacks = [SANS]
        self.set_fallback_fonts(self._fallbacks, exact_match=False)
        self.set_margin(MARGIN)
        # Words begin where pictures and lines do.
        self.c_margin = 0
        self.set_auto_page_break(True, MARGIN + 4)
        self.set_image_filter("DCTDecode")
        self.set_title(title)
        self.set_lang("en")
        self.alias_nb_pages()
        self.add_page()
        self.write_in(BODY)

    def get_fallback_font(self, char: str, style: str = "") -> str | None:
        """As fpdf2 asks for it. What no font has is left blank, and remembered."""
        face = None if super().get_fallback_font(char, style) else face_with(char)
        if face and face.name not in self._fallbacks:
            self.add_font(face.name, "", face.path)
            self._fallbacks.append(face.name)
            self.set_fallback_fonts(self._fallbacks, exact_match=False)
        found = super().get_fallback_font(char, style)
        if found is None and unicodedata.category(char) not in NO_LETTERS:
            self.missing.add(char)
        return found

    def heed(self, text: str) -> None:
        """Shape letters from here on if this needs it: that takes three times as long, so it is not always done."""
        if not self.text_shaping and is_joined(text):
            self.set_text_shaping(True)

    def cell(self, w=None, h=None, text="", *args, **options):
        self.heed(text)
        return super().cell(w, h, text, *args, **options)

    def multi_cell(self, w, h=None, text="", *args, **options):
        self.heed(text)
        return super().multi_cell(w, h, text, *args, **options)

    def footer(self) -> None:
        self.set_y(-MARGIN + 2)
        self.write_in(SMALL, MUTED)
        self.cell(self.epw / 2, 4, shorten(self._title, 70))
        self.cell(self.epw / 2, 4, f"{self.page_no()} / {{nb}}", align="R")

    def write_in(self, size: float, color: tuple = TEXT, style: str = "", family: str = SANS) -> None:
        self.set_font(family, style, size)
        self.set_text_color(*color)

    def paragraph(self, text: str, size: float = BODY, color: tuple = TEXT, style: str = "") -> None:
        """A block over the whole width, and the cursor below it."""
        self.write_in(size, color, style)
        self.multi_cell(self.epw, size * 0.5, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def need(self, height: float) -> None:
        """Go on to the next page where this one has less room. More than a page has is not asked for."""
        if self.get_y() + min(height, self.eph) > self.h - self.b_margin:
            self.add_page()

    def gap(self, height: float = 3) -> None:
        self.set_y(self.get_y() + height)

    @property
    def heading(self) -> FontFace:
        return FontFace(family=SANS, emphasis="BOLD", color=MUTED, size_pt=SMALL)


def shorten(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
