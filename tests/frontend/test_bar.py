"""The bar of a phone, which is wider than the screen."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.platform.browsing import PHONE, is_within_its_width, signed_in
from tests.platform.lab import make_lab

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(("page_name", "link"), [("teams", "Teams"), ("playground", "Playground")])
def test_the_page_that_is_shown_is_seen_in_its_bar(page: Page, live_server, page_name, link):
    page.set_viewport_size(PHONE)
    with signed_in(page, live_server.url, make_lab().member):
        page.goto(live_server.url + reverse(page_name))
        expect(page.get_by_role("navigation").get_by_role("link", name=link, exact=True)).to_be_in_viewport(ratio=0.9)
        assert is_within_its_width(page)
