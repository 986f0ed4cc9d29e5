"""Answers come compressed where that pays, are the same once unpacked, and stream where they streamed."""

import gzip

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory
from django.urls import reverse
from starlette.testclient import TestClient

from core.asgi import application
from core.compression import Compression
from tests.platform.core.web_client import ask_as
from tests.platform.lab import add_point, add_run

GZIP = {"Accept-Encoding": "gzip"}


def test_a_page_and_curves_come_compressed(lab, member):
    run = add_run(lab.experiment)
    for iteration in range(100):
        add_point(run, "reward/mean", iteration, iteration / 7)
    curves = reverse("run_series") + f"?runs={run.id}&keys=reward/mean"
    for address in (reverse("experiment", args=[lab.experiment.id]), curves):
        plain, packed = member.get(address), member.get(address, headers=GZIP)
        assert "Content-Encoding" not in plain
        assert packed["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in plain["Vary"] and "Accept-Encoding" in packed["Vary"]
        assert len(packed.content) < len(plain.content)
    assert gzip.decompress(member.get(curves, headers=GZIP).content) == member.get(curves).content


def test_two_answers_with_the_same_text_differ_in_length(lab, member):
    address = reverse("experiment", args=[lab.experiment.id])
    assert len({len(member.get(address, headers=GZIP).content) for _ in range(20)}) > 5


def test_static_files_come_compressed(client):
    plain = client.get("/static/plotly/plotly.min.js")
    packed = client.get("/static/plotly/plotly.min.js", headers=GZIP)
    assert gzip.decompress(packed.content) == plain.content
    assert int(packed["Content-Length"]) == len(packed.content) < len(plain.content) / 3
    assert "Accept-Encoding" in plain["Vary"] and "Accept-Encoding" in packed["Vary"]
    again = client.get("/static/plotly/plotly.min.js", headers=GZIP | {"If-None-Match": packed["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_part_of_a_static_file_comes_as_it_is(client):
    part = client.get("/static/js/site.js", headers=GZIP | {"Range": "bytes=10-19"})
    assert (part.status_code, len(part.content)) == (206, 10)
    assert "Content-Encoding" not in part


@pytest.mark.parametrize(
    "response",
    [
        HttpResponse(b"0" * 5000, content_type="image/png"),
        HttpResponse(b"0" * 5000, content_type="application/zip"),
        StreamingHttpResponse([b"0" * 5000], content_type="text/plain"),
    ],
    ids=["picture", "archive", "stream"],
)
def test_pictures_archives_and_streams_go_out_as_they_are(response):
    request = RequestFactory().get("/", headers=GZIP)
    answer = Compression(lambda _: response)(request)
    assert "Content-Encoding" not in answer
    assert b"".join(answer) == b"0" * 5000


@pytest.mark.django_db(transaction=True)
def test_the_panel_comes_compressed(lab):
    web = ask_as(TestClient(application), lab.member)
    plain = web.get("/panel/", headers={"Accept-Encoding": "identity"})
    packed = web.get("/panel/", headers=GZIP)
    assert (plain.status_code, packed.status_code) == (200, 200)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) < len(plain.content)
    assert "Content-Security-Policy" in packed.headers
