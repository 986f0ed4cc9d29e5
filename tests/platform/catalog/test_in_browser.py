"""The catalogue in a browser: what is said while one types, blocks that come and go, picks in the form of a run."""

import pytest
from playwright.sync_api import Page, expect

from catalog.contents import prompts_content, rewards_content
from catalog.models import Use
from catalog.services import create_item
from runs.models import Run
from tests.platform.browsing import signed_in
from tests.platform.lab import Lab, make_lab

# 600 prompts of a thousand characters.
PASTE_LONG = """field => {
  field.value = Array.from({length: 600}, (_, number) => `${number} ${"x".repeat(1000)}`).join("\\n");
  field.dispatchEvent(new Event("input", {bubbles: true}));
}"""

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lab(settings, tmp_path) -> Lab:
    settings.PROMPTS_DIR = tmp_path / "prompts"
    return make_lab()


@pytest.fixture
def site(page: Page, live_server, lab) -> str:
    """The address of the site, in which the member has signed in."""
    with signed_in(page, live_server.url, lab.member, with_refusals=True):
        yield live_server.url


def test_a_prompt_set_is_judged_while_it_is_typed_and_uploaded(page: Page, site: str, lab: Lab, tmp_path):
    page.goto(f"{site}/catalogue/new/prompts/")
    made = page.locator("#check")
    page.get_by_label("Or paste").fill("a cat\na dog\na cat")
    expect(made).to_contain_text("1 line stood twice and is left out")
    file = tmp_path / "set.jsonl"
    file.write_text('{"prompt": "a bird", "vqa_list": [["Is there a bird?", "yes"]]}\nno json\n')
    page.get_by_label("Upload a file").set_input_files(file)
    expect(made).to_contain_text("Line 2 is not in GenEval2's format")
    page.get_by_label("Upload a file").set_input_files([])
    page.get_by_label("Or paste").evaluate(PASTE_LONG)
    expect(made).to_contain_text("600 prompts")
    expect(page.get_by_label("Or paste")).to_have_value("")
    page.get_by_label("Upload a file").set_input_files([])
    page.get_by_label("Or paste").fill("a cat\na dog\na cat")
    page.get_by_label("Name").fill("Animals")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Animals")).to_be_visible()
    expect(page.locator(".prompts li")).to_have_text(["a cat", "a dog"])


def test_a_new_version_of_rewards_shows_what_changes(page: Page, site: str, lab: Lab):
    item = create_item(lab.owner, lab.team, "Mix", rewards_content([{"name": "ocr"}])).item
    page.goto(f"{site}/catalogue/{item.id}/edit/")
    page.get_by_label("One more").select_option(label="VLM judge (HTTP)")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("#check")).to_contain_text("Empty: give a text.")
    judge = page.locator("fieldset", has_text="VLM judge")
    judge.get_by_label("Address").fill("http://127.0.0.1:9/v1")
    judge.get_by_label("Model", exact=True).fill("m")
    # The fields of the answer that is not chosen are out of sight.
    judge.get_by_label("Answer").select_option(label="Score")
    expect(judge.get_by_label("Highest")).to_be_visible()
    judge.get_by_label("Answer").select_option(label="Yes probability")
    expect(judge.get_by_label("Highest")).to_be_hidden()
    page.locator("fieldset", has_text="OCR").get_by_label("Weight").fill("2")
    changed = page.locator("#check tbody tr")
    expect(changed).to_have_count(2)
    expect(changed.first).to_contain_text("ocr.weight")
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_role("heading", name="v2, the newest")).to_be_visible()


def test_picks_fill_the_form_of_a_run_and_its_changes_are_told(page: Page, site: str, lab: Lab):
    cats = create_item(lab.owner, lab.team, "Cats", prompts_content("a cat\ntwo cats"))
    mix = create_item(lab.owner, lab.team, "Mix", rewards_content([{"name": "jpeg_compressibility"}]))
    page.goto(f"{site}/experiments/{lab.experiment.id}/runs/new/")
    picks = page.locator("#from-catalogue")
    picks.get_by_label("Rewards").select_option(label="Mix v1")
    expect(page.locator("fieldset legend", has_text="JPEG compressibility")).to_have_count(1)
    picks.get_by_label("Prompts to train on").select_option(label="Cats v1")
    expect(page.locator("[name='config.prompts.train']")).to_have_value(cats.reference)
    page.locator("summary", has_text="Rewards").click()
    page.locator("[name='config.rewards.jpeg_compressibility.weight']").fill("3")
    aside = page.locator("#run-aside")
    expect(aside).to_contain_text("Rewards against Mix v1")
    expect(aside).to_contain_text("jpeg_compressibility.weight")
    page.get_by_role("button", name="Submit run").last.click()
    page.wait_for_url("**/runs/*-*/")
    expect(page.locator("main")).to_contain_text("Mix v1 with 1 change")
    run = Run.objects.get(experiment=lab.experiment)
    found = {use.version: use.num_changes for use in Use.objects.filter(run=run)}
    assert found == {cats: 0, mix: 1}
