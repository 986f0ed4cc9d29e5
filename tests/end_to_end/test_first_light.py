"""From sign-in to sign-out, as a person sees it: nothing is faked, the engine trains."""

import re

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.end_to_end.conftest import Stack

pytestmark = pytest.mark.timeout(2400)

NUM_ITERATIONS = 3
NUM_SAMPLES = 4


def test_a_person_runs_watches_cancels_and_leaves(visitor: Page, stack: Stack):
    sign_in(visitor, stack)
    visitor.get_by_role("link", name="First light").click()
    demo = run_address(visitor, "First light")
    smoke = submit_smoke_run(visitor)
    cancel(visitor, stack, demo)
    watch_until_finished(visitor, stack, smoke)
    compare(visitor, stack, smoke)
    sign_out(visitor, stack, smoke)


def sign_in(page: Page, stack: Stack) -> None:
    page.goto(stack.address)
    page.get_by_label("E-mail address").fill(stack.email)
    page.get_by_label("Password").fill("not this one")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("not correct")).to_be_visible()
    page.get_by_label("Password").fill(stack.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Experiments")).to_be_visible()


def run_address(page: Page, name: str) -> str:
    link = page.locator("#run-rows").get_by_role("link", name=name, exact=True)
    expect(link).to_be_visible()
    return link.get_attribute("href")


def submit_smoke_run(page: Page) -> str:
    page.get_by_role("link", name="New run").click()
    page.wait_for_url("**/runs/new/")
    with page.expect_response(lambda response: response.url.endswith("/runs/new/")):
        page.get_by_label("Recipe").select_option("sandbox-smoke")
    page.get_by_role("textbox", name="Name", exact=True).fill("Smoke")
    page.get_by_role("button", name="Submit run").click()
    expect(page.get_by_role("heading", name="Smoke")).to_be_visible()
    expect(state(page)).to_have_text("queued")
    expect(panel(page).get_by_text("Waiting for a worker.")).to_be_visible()
    return page.url


def cancel(page: Page, stack: Stack, address: str) -> None:
    """The demo run, which trains: the state changes under the eyes of who asked for it."""
    page.goto(f"{stack.address}{address}")
    expect(state(page)).to_have_text("running")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Cancel run").click()
    expect(state(page)).to_have_text("cancelled")


def watch_until_finished(page: Page, stack: Stack, address: str) -> None:
    """Curves and samples arrive without a reload."""
    page.goto(address)
    page.evaluate("window.hasNotBeenReloaded = true")
    expect(panel(page).locator(".tile img")).to_have_count(NUM_SAMPLES)
    expect(state(page)).to_have_text("finished")
    wait_for_points(page, "Reward", NUM_ITERATIONS)
    wait_for_points(page, "Held-out score", 2)
    expect(panel(page).locator(".samples output")).to_have_text(f"iteration {NUM_ITERATIONS}")
    assert page.evaluate("window.hasNotBeenReloaded")
    first = panel(page).locator(".tile").first
    expect(first).to_contain_text(re.compile(r"quality\d+(\.\d+)?.*seed\d+"))
    assert first.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 64
    expect(page.get_by_role("log")).to_contain_text("Finished.")


def compare(page: Page, stack: Stack, address: str) -> None:
    """All runs of the experiment, overlaid in the panel on the page of curves."""
    page.locator(".crumbs").get_by_role("link").last.click()
    page.get_by_role("link", name="All runs in the panel").click()
    expect(panel(page).locator(".legend button")).to_have_count(2)
    panel(page).get_by_role("link", name="Open Smoke").click()
    expect(page).to_have_url(address)


def sign_out(page: Page, stack: Stack, address: str) -> None:
    page.get_by_label("Your account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto(address)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.request.get(f"{stack.address}/runs/series").status == 401
    assert page.request.get(f"{stack.address}/panel/theme.css").status == 401


def state(page: Page):
    return page.locator("#status .state")


def panel(page: Page) -> FrameLocator:
    return page.frame_locator("iframe[data-panel]")


def wait_for_points(page: Page, title: str, count: int) -> None:
    frame = page.locator("iframe[data-panel]").element_handle().content_frame()
    frame.wait_for_function(
        """([title, count]) => [...document.querySelectorAll(".chart")]
            .find((chart) => chart.querySelector("h3").textContent === title)
            ?.querySelector(".plot").data?.[0]?.x.length === count""",
        arg=[title, count],
    )
