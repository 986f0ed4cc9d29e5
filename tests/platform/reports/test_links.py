"""Links in a report that is taken away: they lead to the site from anywhere, or are plain text."""

import io
import re

import pytest
from django.urls import reverse
from pypdf import PdfReader

from reports.html_file import html_of
from reports.models import Report
from reports.pdf.document import pdf_of
from tests.platform.lab import Lab
from tests.platform.reports.desk import add_report

pytestmark = pytest.mark.django_db

BODY = """
See [the run](/runs/7/?tab=log#end), [the paper](https://example.org/p) and [mail](mailto:a@example.org).

1. [below](#below) and [beside](other.html), [there](//example.org/there), [nowhere]()

## [A **heading**](#x)
"""
LEADING = [
    "https://flow.example.org/runs/7/?tab=log#end", "https://example.org/p", "mailto:a@example.org",
    "https://example.org/there",
]  # fmt: skip


@pytest.fixture
def report(lab: Lab, settings) -> Report:
    settings.SITE_URL = "https://flow.example.org"
    return add_report(lab, BODY)


def test_the_files_links_lead_somewhere_from_anywhere(report):
    text = html_of(report)
    assert re.findall(r'href="([^"]*)"', text) == LEADING
    assert "below and beside" in text and "A <strong>heading</strong>" in text


def test_the_papers_links_lead_somewhere_from_anywhere(report):
    [page] = PdfReader(io.BytesIO(pdf_of(report))).pages
    found = [note.get_object()["/A"]["/URI"] for note in page["/Annots"]]
    assert list(dict.fromkeys(found)) == LEADING and "below and beside" in page.extract_text()


def test_on_the_site_they_are_as_they_were_written(report, member):
    page = member.get(reverse("report", args=[report.id])).text
    assert 'href="/runs/7/?tab=log#end"' in page and 'href="#below"' in page
