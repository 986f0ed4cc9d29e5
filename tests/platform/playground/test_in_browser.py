"""The playground in a browser, over a real worker: pictures come by themselves, stay, and lead to a comparison."""

import pytest
from playwright.sync_api import Page, expect

from pictures.models import Drawing
from playground.models import Sheet, SheetState
from runs.models import Run
from tests.platform.browsing import PHONE, signed_in
from tests.platform.lab import Lab, add_run, make_lab
from tests.platform.playground.studio import ask, serve
from tests.worker.conftest import wait_for, workers  # noqa: F401
from tests.worker.test_drawing import FAKE, go_on, wait_until_drawing

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lab(transactional_db, settings, tmp_path) -> Lab:
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return make_lab()


@pytest.fixture
def painters(lab) -> list[Run]:
    return [add_run(lab.experiment, name) for name in ("left", "right")]


@pytest.fixture
def browser_page(page: Page, live_server, lab) -> Page:
    """A member's; a script that fails, and what the site's policy refuses, fails the test."""
    with signed_in(page, live_server.url, lab.member):
        yield page


def test_pictures_come_by_themselves(browser_page: Page, lab, painters, workers):  # noqa: F811
    workers.start(engine=FAKE, hold_drawing=True)
    page = browser_page
    page.goto(f"{page.base}/playground/")
    expect(page.locator("#drawn")).to_contain_text("Nothing drawn yet")
    page.get_by_label("Search runs").fill("ri")
    expect(page.locator("#play-rows legend")).to_have_text(["right Thresholds"])
    page.locator("#play-rows").get_by_label("base model of right").check()
    page.get_by_label("Search runs").fill("")
    page.locator("#play-rows").get_by_label("base model of left").check()
    expect(page.locator("[data-chosen]")).to_have_text("base model of right, base model of left")
    page.get_by_label("Prompt").fill("a red circle")
    page.get_by_label("Seeds").fill("7-8")
    page.get_by_label("Prompt").press("Control+Enter")

    wait_until_drawing()
    cells = page.locator(".play-cell")
    expect(page.locator(".play-cell img")).to_have_count(1)
    expect(cells.nth(1).locator("progress")).to_be_visible()
    expect(page.locator("[data-words]")).to_have_text("Drawing: 1 of 4.")
    expect(page.locator("[data-compare]").first).to_be_hidden()
    height = cells.first.bounding_box()["height"]
    go_on()
    expect(page.locator(".play-cell img")).to_have_count(4)
    assert cells.first.bounding_box()["height"] == height
    assert page.locator(".play-cell img").first.get_attribute("alt") == "base model of right, seed 7: a red circle"
    expect(page.locator("[data-words]")).to_have_text("")
    expect(page.locator("[data-stop]")).to_have_count(0)

    # The address shows the same to whoever opens it, without drawing anything.
    assert "prompt=a+red+circle" in page.url and "seeds=7,8" in page.url
    page.reload()
    expect(page.locator(".play-cell img")).to_have_count(4)
    assert Sheet.objects.count() == 1

    cells.nth(2).get_by_role("button", name="Keep").click()
    expect(cells.nth(2).get_by_role("button", name="Kept")).to_be_visible()
    kept = Drawing.objects.get(expires_at=None)
    assert (kept.seed, kept.run) == (8, painters[1])
    page.locator("[data-compare]").first.click()
    page.wait_for_url("**/compare/?items=d*")


def test_what_is_wrong_is_told_beside_the_form(browser_page: Page, painters):
    page = browser_page
    page.goto(f"{page.base}/playground/?policies={painters[0].id}@0&prompt=a&seeds=1-20")
    expect(page.get_by_role("alert")).to_contain_text("too many: give at most 8")
    page.get_by_label("Seeds").fill("x")
    page.get_by_role("button", name="Draw").click()
    expect(page.get_by_role("alert")).to_contain_text("'x' is no seed")
    expect(page.locator("#drawn .note")).to_contain_text("No worker is there, so nothing can be drawn now")
    page.get_by_label("Seeds").fill("1")
    page.get_by_role("button", name="Draw").click()
    expect(page.locator("#drawn [data-words]")).to_contain_text("No worker is there, so nothing can be drawn now")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#drawn [data-words]")).to_contain_text("Stopped: 0 of 1 drawn.")
    assert Sheet.objects.get().state == SheetState.CANCELLED


def test_no_more_than_four_draw(browser_page: Page, lab, painters):
    page = browser_page
    for name in ("a", "b", "c"):
        add_run(lab.experiment, name)
    page.goto(f"{page.base}/playground/")
    rows = page.locator("#play-rows")
    for name in ("a", "b", "c", "left"):
        rows.get_by_label(f"base model of {name}").check()
    expect(rows.get_by_label("base model of right")).to_be_disabled()
    page.locator("[data-chosen-list]").get_by_label("base model of b").click()
    expect(rows.get_by_label("base model of right")).to_be_enabled()
    expect(rows.get_by_label("base model of b")).not_to_be_checked()
    rows.get_by_label("base model of a").uncheck()
    expect(page.locator("[data-chosen]")).to_have_text("base model of c, base model of left")


def test_ones_own_requests_lead_back_also_on_a_phone(browser_page: Page, lab, painters):
    serve(ask(lab.member, *painters, prompt="a green square"))
    serve(ask(lab.owner, *painters, prompt="not mine"))
    page = browser_page
    page.set_viewport_size(PHONE)
    page.goto(f"{page.base}/playground/")
    expect(page.locator(".play-past li")).to_have_count(1)
    page.get_by_role("link", name="a green square").click()
    expect(page.locator(".play-cell img")).to_have_count(4)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
