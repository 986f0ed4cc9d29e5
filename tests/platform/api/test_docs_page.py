"""The page of the API's docs in a real browser: everything on it comes from this site."""

import pytest
from playwright.sync_api import Page, expect

from tests.platform.browsing import signed_in
from tests.platform.lab import make_lab


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("width", [1280, 390])
def test_it_shows_every_operation_and_asks_no_other_host(page: Page, live_server, width):
    lab = make_lab()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_viewport_size({"width": width, "height": 900})
    with signed_in(page, live_server.url, lab.member):
        read_and_try(page)
    assert all(url.startswith((live_server.url, "data:", "blob:")) for url in asked)


def read_and_try(page: Page) -> None:
    page.goto(f"{page.base}/api/v1/docs")
    expect(page.get_by_text("/api/v1/runs/{run_id}/cancel")).to_be_visible()
    expect(page.get_by_role("heading", name="Flow-DPPO")).to_be_visible()
    page.get_by_text("Who you are to this server").or_(page.get_by_role("button", name="GET /api/v1/me")).first.click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.get_by_text("member@example.org").first).to_be_visible()
