"""Keys in a browser: what they do, where they do nothing, and the list of them."""

from collections.abc import Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.platform.browsing import signed_in
from tests.platform.lab import add_run, make_lab

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def runs(page: Page, live_server) -> Iterator[Page]:
    """The list of runs; a script that fails, and what the site's policy refuses, fails the test."""
    lab = make_lab()
    add_run(lab.experiment)
    with signed_in(page, live_server.url, lab.member):
        page.goto(live_server.url + reverse("runs"))
        yield page


def test_the_list_tells_what_the_page_and_the_site_have(runs: Page):
    runs.keyboard.press("?")
    keys = runs.get_by_role("dialog", name="Keys")
    assert keys.locator("dt").all_inner_texts()[0] == "/" and keys.locator("dd").all_inner_texts()[0] == "search"
    expect(keys).to_contain_text("Everywhere")
    expect(keys.locator("dt", has_text="g e")).to_have_count(1)
    runs.keyboard.press("g")
    runs.keyboard.press("e")
    expect(keys).to_be_visible()
    runs.keyboard.press("?")
    expect(keys).to_be_hidden()

    template = '<template data-keys="Compare"><dt><kbd>1</kbd></dt><dd>show the first</dd></template>'
    runs.evaluate("told => document.body.insertAdjacentHTML('beforeend', told)", template)
    runs.get_by_label("Your account").click()
    runs.get_by_role("button", name="Keys").click()
    expect(keys.get_by_role("heading", name="Compare")).to_be_visible()
    expect(keys).to_contain_text("show the first")
    runs.keyboard.press("Escape")
    expect(keys).to_be_hidden()


def test_keys_lead_elsewhere_but_not_while_one_types(runs: Page):
    runs.keyboard.press("/")
    search = runs.get_by_role("combobox", name="Search")
    expect(search).to_be_focused()
    expect(search).to_have_value("")
    runs.keyboard.type("g?e/")
    expect(search).to_have_value("g?e/")
    expect(runs.get_by_role("dialog")).to_have_count(0)
    search.evaluate("field => field.blur()")
    runs.keyboard.press("Control+g")
    runs.keyboard.press("e")
    assert runs.url.endswith(reverse("runs"))
    runs.keyboard.press("g")
    runs.keyboard.press("e")
    runs.wait_for_url("**" + reverse("experiments"))
