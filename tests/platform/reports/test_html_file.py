"""A report as one file: everything in it, nothing loaded, no script, and of a size."""

import base64
import re
from html.parser import HTMLParser

import pytest
from django.urls import reverse
from PIL import Image

from reports.html_file import html_of
from tests.platform.lab import add_run
from tests.platform.pictures.easel import add_drawing
from tests.platform.reports.desk import add_full_run, add_report, panel

pytestmark = pytest.mark.django_db


class Page(HTMLParser):
    def __init__(self, text: str):
        super().__init__()
        self.tags, self.addresses = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "srcset", "action", "poster")]


@pytest.fixture
def report(lab):
    run = add_full_run(lab)
    drawings = [add_drawing(run, 4, seed=seed) for seed in (1, 2)]
    body = [
        "# Findings\n\nSee [the paper](https://example.org/paper).",
        panel("curves", f"runs: {run.id}"),
        panel("table", f"runs: {run.id}"),
        panel("pictures", f"refs: {', '.join(f'd{drawing.id}' for drawing in drawings)}"),
    ]
    return add_report(lab, "\n\n".join(body))


def test_the_file_has_all_that_it_needs(report):
    text = html_of(report)
    page = Page(text)
    pictures = [address for address in page.addresses if address.startswith("data:")]
    assert len(pictures) == 2 and page.tags.count("svg") == 2 and page.tags.count("style") == 1
    assert [address for address in page.addresses if not address.startswith("data:")] == ["https://example.org/paper"]
    assert not {"script", "link", "iframe", "form"} & set(page.tags) and "hx-" not in text
    assert not re.search(r"@import|url\(", text)
    assert "/media/" not in text and "/runs/" not in text and "example.org/paper" in text


def test_its_pictures_are_pictures(report, tmp_path):
    data = re.search(r"data:image/webp;base64,([A-Za-z0-9+/=]+)", html_of(report))[1]
    file = tmp_path / "one.webp"
    file.write_bytes(base64.b64decode(data))
    with Image.open(file) as image:
        assert max(image.size) <= 320


def test_what_would_be_too_large_is_left_out_and_told(report):
    text = html_of(report, most_bytes=10)
    assert "2 pictures are left out: the file would be too large." in text and "data:image" not in text


def test_the_file_is_downloaded(report, member):
    answer = member.get(reverse("report_html", args=[report.id]))
    assert answer["Content-Disposition"] == 'attachment; filename="findings.html"'
    assert answer["Content-Type"] == "text/html; charset=utf-8" and answer.text.startswith("<!doctype html>")


def test_a_picture_whose_file_is_gone_is_left_out(lab):
    drawing = add_drawing(add_run(lab.experiment))
    drawing.path = "drawings/gone.png"
    drawing.save()
    assert "left out" in html_of(add_report(lab, panel("pictures", f"refs: d{drawing.id}")))
