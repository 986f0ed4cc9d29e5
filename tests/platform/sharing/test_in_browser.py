"""A shared report and a shared run on a phone, without an account."""

import pytest
from playwright.sync_api import Browser, expect

from tests.platform.lab import make_lab
from tests.platform.pictures.easel import add_drawing
from tests.platform.reports.desk import add_full_run, add_report, panel
from tests.platform.sharing.doorway import add_comparison, make_link

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lab(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return make_lab()


@pytest.fixture
def phone(browser: Browser):
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page = context.new_page()
    page.problems = []
    page.on("response", lambda answer: answer.status >= 400 and page.problems.append(answer.url))
    page.on("console", lambda line: line.type == "error" and page.problems.append(line.text))
    yield page
    context.close()


def is_within_its_width(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_shared_report_is_read_on_a_phone(phone, live_server, lab):
    run = add_full_run(lab)
    drawing = add_drawing(run, 4)
    body = [
        "# What we found",
        panel("curves", f"runs: {run.id}"),
        panel("table", f"runs: {run.id}"),
        panel("grid", f"policies: {run.id}@0, {run.id}@4"),
        panel("pictures", f"refs: d{drawing.id}"),
    ]
    made = make_link(lab, add_report(lab, "\n\n".join(body)))
    phone.goto(f"{live_server.url}/s/{made.text}/")
    expect(phone.get_by_role("heading", name="Findings")).to_be_visible()
    expect(phone.get_by_text("Shared by Lab")).to_be_visible()
    expect(phone.get_by_role("img", name="Reward: first ends at 0.4")).to_be_visible()
    picture = phone.get_by_role("img", name="“a circle”, drawn by first at 4, seed 1")
    picture.scroll_into_view_if_needed()
    for image in phone.locator("main img").all():
        image.scroll_into_view_if_needed()
        expect(image).to_have_js_property("complete", True)
        assert image.evaluate("image => image.naturalWidth") > 0
    assert is_within_its_width(phone)
    assert phone.problems == [] and phone.context.cookies() == []
    picture.click()
    phone.wait_for_url(f"**/s/{made.text}/pictures/d{drawing.id}/")


def test_a_shared_run_is_read_on_a_phone(phone, live_server, lab):
    made = make_link(lab, add_full_run(lab))
    phone.goto(f"{live_server.url}/s/{made.text}/")
    expect(phone.get_by_role("heading", level=1)).to_have_text("first")
    phone.get_by_label("Samples at iteration").select_option("0")
    phone.get_by_role("button", name="Show").click()
    expect(phone.get_by_text("Samples at iteration 0", exact=True)).to_be_visible()
    phone.get_by_text("Configuration").click()
    expect(phone.locator(".yaml")).to_contain_text("seed:")
    assert is_within_its_width(phone)
    assert phone.problems == [] and phone.context.cookies() == []


def test_a_shared_comparison_is_looked_at_on_a_phone(phone, live_server, lab):
    made = make_link(lab, add_comparison(lab, add_full_run(lab), mode="wipe"))
    phone.goto(f"{live_server.url}/s/{made.text}/")
    expect(phone.get_by_role("heading", name="Side by side")).to_be_visible()
    expect(phone.locator("[data-compare]")).to_have_attribute("data-mode", "wipe")
    phone.get_by_role("button", name="Flicker").click()
    phone.wait_for_url("**mode=flicker**")
    assert is_within_its_width(phone)
    assert phone.problems == [] and phone.context.cookies() == []


def test_a_link_that_opens_nothing_says_what_to_do(phone, live_server, lab):
    phone.goto(f"{live_server.url}/s/fdps_nothing/")
    expect(phone.get_by_role("heading", name="There is nothing here")).to_be_visible()
    assert phone.context.cookies() == []
