"""A report as a PDF, read back: its words can be selected, its pictures are in it, its pages are numbered."""

import io

import pytest
from django.urls import reverse
from pypdf import PdfReader

from reports.pdf.document import pdf_of
from reports.pdf.paper import Paper
from tests.platform.pictures.easel import add_drawing
from tests.platform.reports.desk import add_full_run, add_report, panel

pytestmark = pytest.mark.django_db

EVERYTHING = """
# Heading σ ≥ 0.5 → better

Words with **weight**, *slant*, `code σ`, ~~struck~~ and [a link](https://example.org/paper).

- one
  - below one
- two

1. first
2. second

> Somebody said so.

| Prompt | `Score` |
|--------|--------:|
| a **cat** | 0.5 |

```python
x = 1  # δ
```

***

Line one\\
line two & <b>no tag</b>
"""


def read(content: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(content))


def words_of(reader: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in reader.pages)


def test_all_of_markdown_is_set(lab):
    reader = read(pdf_of(add_report(lab, EVERYTHING, title="Findings δ")))
    text = words_of(reader)
    for part in (
        "Findings δ", "Heading σ ≥ 0.5 → better", "Words with", "weight",
        "slant", "code σ", "struck", "a link", "below one", "first",
        "Somebody said so.", "Prompt", "Score", "a cat", "0.5", "x = 1 # δ", "line two & <b>no tag</b>", "1 / 1",
    ):  # fmt: skip
        assert part in text
    assert reader.metadata.title == "Findings δ"
    [link] = [note.get_object() for note in reader.pages[0]["/Annots"]]
    assert link["/A"]["/URI"] == "https://example.org/paper"


def test_panels_are_drawn_with_their_numbers_and_pictures(lab):
    run = add_full_run(lab)
    # Their colour is made from the seed.
    drawings = [
        add_drawing(run, 4, prompt=f"a shape {place}", seed=30 * place, rewards={"a": 0.5}) for place in range(1, 8)
    ]
    body = [
        panel("curves", f"runs: {run.id}", "title: How it went"),
        panel("frontier", f"runs: {run.id}"),
        panel("table", f"runs: {run.id}"),
        panel("pictures", f"refs: {', '.join(f'd{drawing.id}' for drawing in drawings[:3])}"),
        panel("grid", f"policies: {run.id}@0, {run.id}@4", *(f"prompt: a shape {place}" for place in range(4, 8))),
        panel("curves", "runs: nonsense"),
    ]
    reader = read(pdf_of(add_report(lab, "\n\n".join(body))))
    assert sum(len(page.images) for page in reader.pages) == 7
    text = words_of(reader)
    for part in (
        "How it went", "KL to the base model, nats", "Iteration", "first at 4", "sandbox_soft_tifa", "+0.200",
        "+0.180 to +0.220", "a shape 7", "a 0.500", "base model of first",
        "This curves panel does not read.", "is no run's id",
    ):  # fmt: skip
        assert part in text
    assert all(tuple(round(float(side)) for side in page.mediabox[2:]) == (595, 842) for page in reader.pages)
    assert all(f"{number} / {len(reader.pages)}" in page.extract_text() for number, page in enumerate(reader.pages, 1))


def test_past_so_many_pictures_they_are_left_out_and_it_says_so(lab):
    run = add_full_run(lab)
    refs = ", ".join(f"d{add_drawing(run, 4, seed=seed).id}" for seed in (30, 90, 150))
    reader = read(pdf_of(add_report(lab, panel("pictures", f"refs: {refs}")), most_pictures=2))
    assert len(reader.pages[0].images) == 2 and "1 pictures are left out" in words_of(reader)


def test_the_file_is_downloaded(lab, member):
    answer = member.get(reverse("report_pdf", args=[add_report(lab, title="Ünïcode & more").id]))
    assert answer["Content-Disposition"] == 'attachment; filename="unicode-more.pdf"'
    assert answer["Content-Type"] == "application/pdf" and words_of(read(answer.content)).startswith("Ünïcode & more")


def test_a_report_without_a_word_is_a_page(lab):
    assert len(read(pdf_of(add_report(lab, ""))).pages) == 1


def test_lists_keep_their_bullets_and_quotes_their_indent(lab):
    """Also with empty lines between the items, and with paragraphs within."""
    body = "- one\n\n- two\n\n  more of two\n\n1. first\n\n2. second\n\n> said\n>\n> and more\n\nBelow."
    [page] = read(pdf_of(add_report(lab, body))).pages
    lines = [line.strip() for line in page.extract_text().splitlines() if line.strip()]
    for line in ("• one", "• two", "more of two", "1. first", "2. second", "said", "and more"):
        assert line in lines
    places = {}
    page.extract_text(visitor_text=lambda text, _, matrix, *__: places.setdefault(text.strip(), matrix[4]))
    assert places["said"] == places["and more"] > places["Below."]


SCRIPTS = ("中文简体", "繁體字", "ひらがな", "カタカナ", "한국어", "ภาษาไทย", "ქართული", "Հայերեն", "አማርኛ", "🚀", "☃")


def test_letters_of_other_scripts_are_set(lab):
    body = "\n\n".join(f"# {text}\n\n**{text}** and `{text}`" for text in SCRIPTS)
    found = words_of(read(pdf_of(add_report(lab, body, title="跑"))))
    assert {text: found.count(text) for text in SCRIPTS} == dict.fromkeys(SCRIPTS, 3)
    assert found.count("跑") == 2 and "No font here" not in found


def test_what_is_joined_is_shaped():
    """The same letter three times: alone it is one glyph, joined it begins, goes on and ends."""
    assert len(_glyphs("ب ب ب", "sans")) == 1 and len(_glyphs("ببب", "sans")) == 3
    # A vowel that is written before the consonant that it is spoken after.
    assert len(_glyphs("हि", "notosansdevanagari")) == 2


def _glyphs(text: str, font: str) -> set[str]:
    """The names of what is drawn of it."""
    paper = Paper("T")
    bare = (
        {glyph.glyph_name for glyph, _ in paper.fonts[font].subset.items()}
        if font in paper.fonts
        else {".notdef", "space"}
    )
    paper.paragraph(text)
    return {glyph.glyph_name for glyph, _ in paper.fonts[font].subset.items()} - bare - {"space", ".notdef"}


def test_letters_that_no_font_has_are_told(lab):
    text = words_of(read(pdf_of(add_report(lab, "A \U00020000 and a \ue000, a\u200bb."))))
    assert "No font here has these letters: U+E000, U+20000." in text
    many = "".join(chr(0x20000 + number) for number in range(25))
    assert "U+20013, and 5 more." in words_of(read(pdf_of(add_report(lab, many))))


def test_prompts_and_names_are_set_too(lab):
    run = add_full_run(lab, "跑 नमस्ते")
    drawing = add_drawing(run, 4, prompt="一只猫", seed=7)
    body = [panel("table", f"runs: {run.id}"), panel("grid", f"policies: {run.id}@4", f"prompt: {drawing.prompt}")]
    text = words_of(read(pdf_of(add_report(lab, "\n\n".join(body)))))
    assert "一只猫" in text and "跑" in text and "No font here" not in text
