"""Every page of the site before axe-core, in Chromium: no serious and no critical fault, whatever the width and theme.

The pages are those of the tables of who may open what, with something on each of them.
"""

from collections.abc import Iterator, Sequence

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from PIL import Image
from playwright.sync_api import Browser, Page

from teams.models import User
from teams.services import create_user
from tests.frontend import axe
from tests.platform.access import Access
from tests.platform.browsing import signed_in
from tests.platform.comparing.film import add_picture
from tests.platform.core.test_access import CASES, TABLES
from tests.platform.core.web_client import sign_in
from tests.platform.lab import PASSWORD, Lab, add_run, make_lab

pytestmark = pytest.mark.django_db(transaction=True)

Views = Sequence[tuple[int, str]]

LISTS = ["experiments", "runs", "samples", "curves", "compare", "comparisons", "votes", "playground", "reports"]
LISTS += ["catalogue", "jobs", "nodes", "teams", "alerts", "inbox"]

STILL = "() => !document.querySelector('.htmx-request')"


@pytest.fixture
def lab(settings, tmp_path) -> Lab:
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return make_lab()


@pytest.fixture
def addresses(lab) -> dict[str, list[str]]:
    """What each of them may open and is a whole page, by who it is."""
    things = {name: thing for table in TABLES for name, thing in table.make_things(lab).items()}
    return {who: sorted(_pages(who, getattr(lab, who, None), things)) for who in ("anonymous", "owner")}


def _pages(who: str, user: User | None, things: dict) -> Iterator[str]:
    client = Client()
    if user:
        client.force_login(user)
    told = set()
    for name, access in CASES:
        if access.post is not None:
            continue
        address = _address(name, access, things)
        answer = client.get(address)
        is_page = answer["Content-Type"].startswith("text/html") and "Content-Disposition" not in answer
        if not is_page or answer.streaming or "<html" not in answer.text:
            continue
        # Of what is told where there is nothing to see, one of each kind will do.
        if answer.status_code == 200 or answer.status_code not in told:
            told.add(answer.status_code)
            yield address


def _address(name: str, access: Access, things: dict) -> str:
    path = reverse(name, kwargs={key: things[thing] for key, thing in access.kwargs.items()})
    return path + access.query.format(**things)


def faults_of(browser: Browser, url: str, user: User | None, views_of: dict[str, Views]) -> list[str]:
    context = browser.new_context(base_url=url)
    if user:
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": sign_in(user), "url": url}])
    page = context.new_page()
    found = []
    for address, views in views_of.items():
        page.goto(address)
        page.wait_for_function(STILL)
        found += axe.faults(page, views)
    page.goto("about:blank")
    context.close()
    return found


def in_turn(addresses: list[str]) -> dict[str, Views]:
    """Each in one view, half of them in each: in every place of the site both are seen."""
    return {address: [axe.SHORT[place % len(axe.SHORT)]] for place, address in enumerate(addresses)}


def in_all(addresses: list[str]) -> dict[str, Views]:
    return dict.fromkeys(addresses, [*axe.SHORT, *axe.LONG])


@pytest.mark.parametrize("looks", [in_turn, pytest.param(in_all, marks=pytest.mark.long)], ids=["short", "long"])
def test_no_page_has_a_serious_fault(looks, browser: Browser, live_server, lab: Lab, addresses):
    assert len(addresses["owner"]) > 40 and "/accounts/login/" in addresses["anonymous"]
    found = [
        fault
        for who, user in (("anonymous", None), ("owner", lab.owner))
        for fault in faults_of(browser, live_server.url, user, looks(addresses[who]))
    ]
    assert found == [], "\n".join(found)


def test_pages_with_nothing_on_them_have_none(browser: Browser, live_server, lab: Lab):
    newcomer = create_user("newcomer@example.org", PASSWORD)
    addresses = [reverse(name) for name in LISTS] + ["/no/such/page/"]
    assert faults_of(browser, live_server.url, newcomer, in_turn(addresses)) == []


def test_what_opens_on_a_page_has_none(page: Page, live_server, lab: Lab):
    run = add_run(lab.experiment)
    samples = [add_picture(run, iteration, Image.new("RGB", (32, 32), "teal")) for iteration in (0, 4)]
    items = ",".join(f"s{sample.id}" for sample in samples)
    found = []
    with signed_in(page, live_server.url, lab.member, with_refusals=True):
        page.goto(f"{live_server.url}/samples/?runs={run.id}&open=s{samples[1].id}&ticked={items}")
        page.get_by_role("dialog").wait_for()
        found += axe.faults(page, axe.SHORT)
        for mode in ("side", "wipe", "flicker", "difference"):
            page.goto(f"{live_server.url}/compare/?items={items}&mode={mode}")
            page.locator("[data-compare][data-ready]").wait_for()
            found += axe.faults(page, axe.SHORT[:1])
        page.keyboard.press("?")
        page.get_by_role("dialog", name="Keys").wait_for()
        found += axe.faults(page, axe.SHORT)
    assert found == [], "\n".join(found)


def test_a_page_with_faults_is_found_out(page: Page):
    page.set_content("<html><title>A page</title><body><img src='x.png'><p style='color: #bbb'>pale</p></body></html>")
    found = {fault.partition(", light: ")[2].partition(":")[0] for fault in axe.faults(page, axe.SHORT[:1])}
    assert {"html-has-lang", "image-alt", "color-contrast"} <= found
