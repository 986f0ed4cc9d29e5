"""Visitors of a shared report or run take it along: what they see and nothing else, counted, and not too often."""

import io

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from reports.html_file import html_of
from sharing import attempts, services
from tests.platform.lab import CONFIG, Lab, add_lines
from tests.platform.reports.desk import add_full_run, add_report, panel
from tests.platform.sharing.doorway import add_comparison, make_link, visit

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nobody_has_asked():
    cache.clear()


@pytest.fixture
def made(lab: Lab):
    return make_link(lab, add_report(lab, f"Words.\n\n{panel('curves', f'runs: {add_full_run(lab).id}')}"))


def test_a_visitor_takes_the_files_that_the_team_takes(lab, made):
    html, pdf = visit(made, "share_html"), visit(made, "share_pdf")
    assert html.text == html_of(made.link.report) and "plot-line series-1" in html.text
    assert html["Content-Disposition"] == 'attachment; filename="findings.html"'
    assert "Words." in PdfReader(io.BytesIO(pdf.content)).pages[0].extract_text()
    for answer in (html, pdf):
        assert (answer["Cache-Control"], answer["Referrer-Policy"]) == ("private, no-store", "no-referrer")
        assert "@example.org" not in str(answer.content) and not answer.cookies
    page = visit(made).text
    for name in ("share_html", "share_pdf"):
        assert f'href="{reverse(name, args=[made.text])}"' in page


def test_who_takes_a_file_has_opened_the_link(made):
    visit(made, "share_pdf")
    Client().head(reverse("share_pdf", args=[made.text]))
    made.link.refresh_from_db()
    assert made.link.num_opens == 1 and made.link.opened_at


def test_files_are_given_so_often_a_minute_by_a_link(lab, made, monkeypatch):
    monkeypatch.setattr(attempts, "MOST_FILES", 2)
    answers = [visit(made, "share_html") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert "Wait a minute" in answers[-1].text and visit(made).status_code == 200
    assert visit(make_link(lab, made.link.report), "share_html").status_code == 200


def test_a_shared_run_is_taken_along_with_what_its_page_shows(lab):
    config = CONFIG | {"prompts": "/home/alice/cats.txt"}
    run = add_full_run(lab, "first", config=config, notes="Ask bob@example.org.", error="No space on gpu-7.")
    add_lines(run, "Loading on node-1.")
    made = make_link(lab, run)
    html = visit(made, "share_html").text
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(visit(made, "share_pdf").content)).pages)
    for words in (html, text):
        assert [
            part
            for part in ("first", "Samples at iteration 4", "sandbox_soft_tifa", "/home/(hidden)/cats.txt")
            if part not in words
        ] == []
        assert [word for word in ("@example.org", "gpu-7", "alice", "Loading on", "node-1") if word in words] == []
    assert "plot-line series-1" in html and html.count("data:image/") == 1
    assert reverse("share_pdf", args=[made.text]) in visit(made).text


@pytest.mark.parametrize("name", ["share_html", "share_pdf"])
def test_there_are_no_files_of_comparisons_and_closed_links(name, lab, made):
    assert visit(make_link(lab, add_comparison(lab, add_full_run(lab, "other"))), name).status_code == 404
    services.revoke(lab.member, made.link)
    assert visit(made, name).status_code == 404
