"""The page around the panel in a browser: picking runs, and one address for both."""

import re

import pytest
from playwright.sync_api import Frame, Page, expect

from tests.frontend.panel.looking import wait_for_points
from tests.platform.runs.synthetic_run import SyntheticRun


@pytest.fixture
def runs(experiment) -> list[SyntheticRun]:
    made = [SyntheticRun(experiment, name) for name in ("alpha", "beta")]
    for run in made:
        run.train(range(1, 6), lambda i: i / 10)
    return made


def inside(page: Page) -> Frame:
    return page.locator("iframe[data-panel]").element_handle().content_frame()


def test_runs_are_picked_found_and_shown(panel, web_address, runs):
    panel.goto(f"{web_address}/curves/")
    panel.get_by_role("checkbox", name="alpha").check()
    panel.get_by_label("Search runs").fill("name = beta")
    expect(panel.locator("#run-picker-rows").get_by_role("checkbox")).to_have_count(1)
    panel.get_by_role("checkbox", name="beta").check()
    # It stays ticked although the search does not find it.
    expect(panel.get_by_role("checkbox", name="alpha")).to_be_checked()
    panel.get_by_role("button", name="Show").click()
    expect(panel).to_have_url(re.compile(f"runs={runs[0].id},{runs[1].id}"))
    wait_for_points(inside(panel), "Reward", 5)
    expect(panel.frame_locator("iframe[data-panel]").locator(".legend button")).to_have_count(2)


def test_the_address_of_the_page_is_that_of_the_panel(panel, web_address, runs):
    panel.goto(f"{web_address}/curves/?runs={runs[0].id}")
    frame = inside(panel)
    wait_for_points(frame, "Reward", 5)
    frame.get_by_text("Optimizer step", exact=True).click()
    expect(panel).to_have_url(re.compile("/curves/.*x=step"))
    panel.reload()
    wait_for_points(inside(panel), "Reward", 5)
    assert (
        inside(panel).evaluate("document.querySelector('.plot').closest('.chart') && location.search").count("x=step")
    )
    panel.get_by_text("alpha").first.click()
    panel.get_by_role("checkbox", name="beta").check()
    panel.get_by_role("button", name="Show").click()
    expect(panel).to_have_url(
        re.compile(f"x=step.*runs={runs[0].id},{runs[1].id}|runs={runs[0].id},{runs[1].id}.*x=step")
    )


def test_on_a_phone_the_bar_leads_from_curves_to_the_frontier_of_the_same_runs(panel, web_address, runs):
    panel.set_viewport_size({"width": 390, "height": 844})
    panel.goto(f"{web_address}/curves/?runs={runs[0].id}")
    views = panel.get_by_role("navigation", name="Views")
    expect(views.get_by_role("link", name="Curves")).to_have_attribute("aria-current", "page")
    wait_for_points(inside(panel), "Reward", 5)
    assert widths(panel) == [390, 390]
    views.get_by_role("link", name="Frontier").click()
    expect(views.get_by_role("link", name="Frontier")).to_have_attribute("aria-current", "page")
    expect(panel).to_have_url(re.compile(f"runs={runs[0].id}"))
    expect(panel.frame_locator("iframe[data-panel]").get_by_label("Across", exact=True)).to_be_visible()
    assert widths(panel) == [390, 390]


def widths(page: Page) -> list[int]:
    """Of the page and of the panel, the latter with the page's margins."""
    inner = inside(page)
    margins = page.viewport_size["width"] - inner.evaluate("window.innerWidth")
    return [
        page.evaluate("document.documentElement.scrollWidth"),
        inner.evaluate("document.documentElement.scrollWidth") + margins,
    ]
