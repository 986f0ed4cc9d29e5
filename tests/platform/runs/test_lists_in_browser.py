"""A list of runs in a browser: fields are suggested, runs renamed where they stand, and ticks survive a refresh."""

import re

import pytest
from playwright.sync_api import Page, expect

from runs.models import Run
from teams.models import User
from tests.platform.browsing import signed_in
from tests.platform.lab import add_point, add_run, make_lab

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def runs() -> list[Run]:
    lab = make_lab()
    made = [add_run(lab.experiment, f"run {number}") for number in range(3)]
    for number, run in enumerate(made):
        add_point(run, "reward/mean", 1, 0.3 + 0.2 * number)
    return made


@pytest.fixture
def page_of_runs(page: Page, live_server, runs) -> Page:
    with signed_in(page, live_server.url, User.objects.get(email="member@example.org")):
        page.goto(f"{live_server.url}/")
        page.get_by_role("link", name="Runs", exact=True).click()
        yield page


def test_a_field_is_suggested_and_taken(page_of_runs: Page):
    box = page_of_runs.get_by_label("Search", exact=True)
    box.press_sequentially("reward/")
    expect(page_of_runs.get_by_role("option", name="reward/mean")).to_be_visible()
    box.press("ArrowDown")
    box.press("Enter")
    expect(box).to_have_value("reward/mean ")
    box.press_sequentially("> 0.4")
    box.press("Enter")
    expect(page_of_runs.locator(".row-link")).to_have_text(["run 2", "run 1"])
    expect(page_of_runs).to_have_url(re.compile(r"/runs/\?q=reward%2Fmean\+%3E\+0\.4&sort=-created#filter$"))


def test_a_run_is_renamed_where_it_stands(page_of_runs: Page, runs):
    row = page_of_runs.locator("#run-rows tbody tr").first
    row.hover()
    row.get_by_label("Rename run 2").click()
    page_of_runs.get_by_label("New name of run 2").fill("the best one")
    page_of_runs.get_by_role("button", name="Save").click()
    expect(page_of_runs.get_by_role("link", name="the best one", exact=True)).to_be_visible()
    assert Run.objects.get(id=runs[2].id).name == "the best one"


def test_all_are_ticked_at_once_and_stay_so_when_the_table_is_refreshed(page_of_runs: Page):
    page_of_runs.get_by_label("All on this page").check()
    expect(page_of_runs.get_by_text("3 ticked:")).to_be_visible()
    with page_of_runs.expect_response(lambda response: "/runs/table/" in response.url):
        pass  # The table asks by itself: the runs are live.
    expect(page_of_runs.locator("#run-rows input:checked")).to_have_count(3)
    page_of_runs.get_by_label("Tick run 1").uncheck()
    page_of_runs.get_by_text("Tag, move, cancel").click()
    page_of_runs.locator("#bulk").get_by_label("Tag").fill("keep")
    page_of_runs.get_by_role("button", name="Add tag").click()
    expect(page_of_runs.get_by_role("status").first).to_contain_text("2 runs tagged “keep”.")
    assert Run.objects.filter(tags__contains=["keep"]).count() == 2
