"""An evaluation in a browser: what it takes is said while one chooses, and the page moves as the worker tells."""

import re

import pytest
from playwright.sync_api import Page, expect

from jobs import ingest, lifecycle
from jobs.models import Job
from runs.ingest import Batch
from tests.platform.browsing import signed_in
from tests.platform.evaluating.laboratory import SETS, drawn, finish, make_run, queue, store, verdict
from tests.platform.lab import Lab, make_lab

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lab(settings, tmp_path) -> Lab:
    settings.MEDIA_ROOT = tmp_path / "files"
    return make_lab()


@pytest.fixture
def site(page: Page, live_server, lab) -> str:
    """The address of the site, in which the member has signed in."""
    with signed_in(page, live_server.url, lab.member, with_refusals=True):
        yield live_server.url


def test_from_a_run_to_its_scores(page: Page, site: str, lab: Lab):
    run, _ = make_run(lab, 20, 40)
    page.goto(f"{site}/runs/{run.id}/")
    page.get_by_role("link", name="Evaluate", exact=True).last.click()
    cost = page.locator("#cost")
    expect(cost).to_contain_text("1,536 pictures: 512 prompts, 1 of each, by 3 policies.")
    page.get_by_label("Iteration 20").uncheck()
    page.get_by_label("Prompts of each set").fill("3")
    page.get_by_label("Pictures of each prompt").fill("2")
    page.get_by_label("Pictures of each prompt").press("Tab")
    expect(cost).to_contain_text("24 pictures: 6 prompts, 2 of each, by 2 policies.")
    page.get_by_role("button", name="Evaluate").click()
    expect(page.get_by_role("heading", name=f"Evaluation of {run.name} at 40")).to_be_visible()
    expect(page.locator(".status")).to_contain_text("No worker takes work now")

    lease = store(Job.objects.get(), drawn(0), verdict(0))
    expect(page.locator("table.scores tbody tr")).to_have_count(1)
    expect(page.locator("svg.frontier-chart")).to_have_count(0)
    ingest.store(lease, Batch([verdict(0, SETS[1], 0.3), drawn(40), verdict(40, mean=0.9, kl=4.0)], 100, 200))
    expect(page.locator("table.scores")).to_have_count(2)
    expect(page.locator("svg.frontier-chart polyline")).to_have_count(2)
    expect(page.locator("table.scores").first).to_contain_text("+0.400")
    expect(page.get_by_text("1 more score")).to_have_count(0)
    lifecycle.finish(lease)
    expect(page.get_by_text("1 more score")).to_have_count(2)
    expect(page.locator(".status .state")).to_have_text("finished")
    expect(page.get_by_role("button", name="Once more")).to_be_visible()

    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename.endswith(".csv")


def test_pictures_and_comparison_are_a_step_away(page: Page, site: str, lab: Lab):
    run, checkpoints = make_run(lab, 20)
    job = finish(queue(lab, run, *checkpoints))
    for name, path in (("Pictures", "samples"), ("Compare", "compare")):
        page.goto(f"{site}/evaluations/{job.id}/")
        page.get_by_role("link", name=name, exact=True).last.click()
        page.wait_for_url(re.compile(rf"/{path}/\?policies={run.id}"))
        expect(page.locator("main")).to_contain_text("a cat")


def test_a_point_of_the_picture_opens_its_pictures(page: Page, site: str, lab: Lab):
    run, checkpoints = make_run(lab, 20)
    job = finish(queue(lab, run, *checkpoints))
    page.goto(f"{site}/evaluations/{job.id}/")
    page.get_by_role("link", name="Iteration 20 on sandbox:in_domain: 0.700").click()
    page.wait_for_url(re.compile(rf"/samples/\?policies={run.id}(@|%40)20"))
    expect(page.locator("main")).to_contain_text("a cat")


def test_on_a_phone_nothing_goes_over_the_edge(page: Page, site: str, lab: Lab):
    run, checkpoints = make_run(lab, 20, 40)
    job = finish(queue(lab, run, *checkpoints))
    page.set_viewport_size({"width": 390, "height": 800})
    for address in (f"/runs/{run.id}/evaluate/", f"/evaluations/{job.id}/"):
        page.goto(site + address)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
