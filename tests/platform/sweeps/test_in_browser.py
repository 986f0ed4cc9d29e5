"""The form of a new run in a browser: what it does while one types, and a sweep from its first line to its page."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from runs.models import Run
from sweeps.models import Sweep
from tests.platform.browsing import signed_in
from tests.platform.lab import Lab, make_lab

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lab() -> Lab:
    return make_lab()


@pytest.fixture
def form(page: Page, live_server, lab) -> Page:
    """The form as it opens; a script that fails, and what the site's policy refuses, fails the test."""
    with signed_in(page, live_server.url, lab.member):
        page.goto(live_server.url + reverse("run_new", args=[lab.experiment.id]))
        yield page


def test_the_form_answers_while_one_types_and_survives_a_reload(form: Page):
    aside = form.locator("#run-aside")
    form.locator("#config-lora-rank").fill("many")
    expect(aside.locator("#to-put-right")).to_contain_text("“many” does not fit: give a whole number from 1 to 512.")
    expect(form.locator("[data-errors-of='config-lora-rank']")).to_contain_text("“many” does not fit")
    expect(form.locator("#config-lora-rank")).to_be_focused()
    expect(aside).to_contain_text("16 → many")

    form.reload()
    expect(form.get_by_text("What you typed before is back.")).to_be_visible()
    expect(form.locator("#config-lora-rank")).to_have_value("many")
    form.get_by_role("button", name="Reset LoRA · Rank").click()
    expect(form.locator("#config-lora-rank")).to_have_value("16")
    expect(aside).to_contain_text("Nothing: as the recipe has it.")

    form.get_by_role("searchbox", name="Search knobs").fill("ema.decay")
    expect(form.locator("#config-ema-decay")).to_be_visible()
    expect(form.locator("#config-lora-rank")).to_be_hidden()
    form.get_by_role("searchbox", name="Search knobs").press("Enter")
    expect(form.locator(":focus")).to_have_attribute("id", "config-ema-decay")
    form.get_by_role("searchbox", name="Search knobs").fill("")
    expect(form.locator("#config-lora-rank")).to_be_visible()

    form.get_by_role("button", name="YAML").click()
    editor = form.get_by_label("Configuration as YAML")
    editor.fill("seed: 5\nlora:\n  rank: 0\n")
    expect(aside.get_by_role("link", name="Line 3")).to_be_visible()
    editor.fill("seed: 5\n")
    expect(aside.locator("#to-put-right")).to_be_hidden()
    form.get_by_role("button", name="Form", exact=True).click()
    expect(form.locator("#config-seed")).to_have_value("5")


def test_a_recipe_chosen_before_the_page_listens_is_followed(form: Page):
    held = []
    form.route("**/htmx*.js", lambda route: held.append(route))
    form.reload(wait_until="commit")
    form.get_by_label("Recipe").select_option("sandbox-smoke")
    held[0].continue_()
    expect(form.locator("[name='shown_recipe']")).to_have_value("sandbox-smoke")


def test_a_sweep_goes_from_a_knob_to_its_page(form: Page, lab: Lab):
    form.locator("#config-lora-rank").hover()
    form.get_by_role("button", name="Vary lora.rank in a sweep").click()
    axes = form.get_by_label("Knobs to vary")
    expect(axes).to_have_value("lora.rank: 16, ")
    axes.fill("lora.rank: 8, 16, 9999")
    form.get_by_label("Seeds", exact=True).fill("0 to 1")
    preview = form.locator("#sweep-preview")
    expect(preview).to_contain_text("6 runs (3 × 2 seeds)")
    expect(preview).to_contain_text("1 of 3 combinations cannot run")
    axes.fill("lora.rank: 8, 16")
    expect(preview).to_contain_text("4 runs (2 × 2 seeds)")

    form.locator(".submit-bar").get_by_role("button", name="Review the sweep").click()
    form.get_by_role("button", name="Submit 4 runs").click()
    expect(form.get_by_role("heading", name="Sweep 1")).to_be_visible()
    expect(form.locator("#sweep-results tbody tr")).to_have_count(2)
    assert Sweep.objects.get().members.count() == Run.objects.filter(experiment=lab.experiment).count() == 4
