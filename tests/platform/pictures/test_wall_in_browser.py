"""The wall in a browser: chosen, sorted, opened and ticked, with all of it in the address."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from PIL import Image
from playwright.sync_api import Page, expect

from pictures.walls import PAGE
from runs.models import Run
from tests.platform.browsing import signed_in
from tests.platform.lab import add_group, add_run, add_sample, make_lab
from tests.platform.pictures.easel import add_drawing

pytestmark = pytest.mark.django_db(transaction=True)


def paint(run: Run, path: str, num_frames: int = 1) -> str:
    file = Path(settings.MEDIA_ROOT) / run.folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    first, *others = (Image.new("RGB", (64, 64), (70, 90, 60 * frame)) for frame in range(num_frames))
    first.save(file, save_all=True, append_images=others) if others else first.save(file)
    return path


@pytest.fixture
def run(settings, tmp_path) -> Run:
    settings.MEDIA_ROOT = tmp_path / "files"
    run = add_run(make_lab().experiment, "one")
    path = paint(run, "samples/a.png")
    for number in range(4):
        about = {"prompt": f"{'red' if number % 2 else 'blue'} cube {number}", "seed": number}
        add_sample(run, 10, index=number, path=path, rewards={"pick": 0.25 * number}, **about)
    add_sample(run, 0, path=path, prompt="by the base model")
    return run


@pytest.fixture
def wall(page: Page, live_server, run):
    owner = run.experiment.team.memberships.get(role="owner").user

    def open(query: str = f"?runs={run.id}") -> Page:
        page.goto(f"{live_server.url}/samples/{query}")
        return page

    with signed_in(page, live_server.url, owner):
        yield open


def prompts(page: Page):
    return page.locator(".wall-prompt")


def test_sorted_and_filtered_and_the_link_shows_the_same(wall):
    page = wall()
    expect(prompts(page)).to_have_count(4)
    expect(page.get_by_text("4 pictures up to iteration 10")).to_be_visible()
    page.get_by_label("Sorted by").select_option("By pick")
    expect(prompts(page).first).to_have_text("red cube 3")
    page.get_by_label("The other way round").click()
    expect(prompts(page).first).to_have_text("blue cube 0")
    page.get_by_label("Words of the prompt").fill("RED")
    expect(prompts(page)).to_have_text(["red cube 1", "red cube 3"])
    page.get_by_text("Ranges", exact=True).click()
    page.get_by_label("Lowest pick").fill("0.5")
    expect(prompts(page)).to_have_text(["red cube 3"])
    expect(page).to_have_url(re.compile(r"\?runs=[-0-9a-f]+&sort=reward/pick&q=RED&min\.reward/pick=0\.5$"))
    page.reload()
    expect(prompts(page)).to_have_text(["red cube 3"])
    expect(page.get_by_label("Lowest pick")).to_have_value("0.5")
    expect(page.get_by_label("Words of the prompt")).to_have_value("RED")
    page.get_by_label("Words of the prompt").fill("green")
    expect(page.get_by_text("No picture is like that")).to_be_visible()


def test_the_slider_goes_back_to_what_was_drawn_before(wall):
    page = wall()
    page.get_by_label("Iteration", exact=True).press("ArrowLeft")
    expect(prompts(page)).to_have_text(["by the base model"])
    expect(page).to_have_url(re.compile("step=0$"))
    page.get_by_role("button", name="All", exact=True).click()
    expect(prompts(page)).to_have_count(5)
    page.get_by_role("button", name="Latest").click()
    expect(prompts(page)).to_have_count(4)
    expect(page).not_to_have_url(re.compile("step"))


def test_new_pictures_of_a_live_run_wait_until_one_wants_them(wall, run):
    page = wall()
    expect(prompts(page)).to_have_count(4)
    top = page.locator(".wall-tile").first.bounding_box()
    for number in range(3):
        add_sample(run, 20, index=number, path="samples/a.png", prompt=f"new {number}")
    show = page.get_by_role("button", name="Show 3 new")
    expect(show).to_be_visible()
    slider = page.get_by_label("Iteration", exact=True)
    expect(slider).to_have_attribute("max", "2")
    assert slider.input_value() == "1" and page.locator(".wall-tile").first.bounding_box() == top
    expect(prompts(page)).to_have_count(4)
    show.click()
    expect(prompts(page)).to_have_text(["new 0", "new 1", "new 2"])
    expect(show).to_be_hidden()
    assert slider.input_value() == "2"


def test_a_picture_in_full_and_arrow_keys_to_the_next(wall, run):
    add_drawing(run, 10, prompt="drawn later", kl=0.5)
    page = wall(f"?runs={run.id}&sort=-reward/pick")
    page.locator(".wall-picture").first.click()
    dialog = page.get_by_role("dialog", name="Picture in full")
    expect(dialog).to_contain_text("red cube 3")
    expect(dialog.locator("dl")).to_contain_text("pick0.75")
    expect(dialog.get_by_role("link", name="one")).to_have_attribute("href", f"/runs/{run.id}/")
    page.keyboard.press("ArrowRight")
    expect(dialog).to_contain_text("blue cube 2")
    page.keyboard.press("ArrowLeft")
    expect(dialog).to_contain_text("red cube 3")
    expect(dialog.get_by_role("button", name="Previous picture")).to_be_disabled()
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys).to_contain_text("With a picture open: the one before, the next")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    expect(dialog).to_contain_text("red cube 3")
    address = page.url
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator(".wall-picture").first).to_be_focused()
    expect(page).not_to_have_url(re.compile("open="))
    page.goto(address)
    expect(page.get_by_role("dialog", name="Picture in full")).to_contain_text("red cube 3")


def test_groups_of_training_are_rows_from_best_to_worst(wall, run):
    path = paint(run, "samples/b.png")
    for group in range(2):
        for sample, advantage in zip(
            add_group(run, 10, [-1.0, 1.5, 0.5], group), ("-1.00", "1.50", "0.50"), strict=True
        ):
            sample.path, sample.prompt = path, f"group {group}: {advantage}"
            sample.save()
    page = wall()
    expect(prompts(page)).to_have_count(10)
    page.get_by_label("Groups as rows").check()
    rows = page.locator(".wall-group")
    expect(rows).to_have_count(2)
    expect(rows.nth(1).locator(".wall-prompt")).to_have_text(["group 1: 1.50", "group 1: 0.50", "group 1: -1.00"])
    expect(rows.first).to_contain_text("group 0 · 3 pictures, advantage 1.50 to -1.00")
    page.get_by_label("Sorted by").select_option("By advantage")
    page.get_by_label("The other way round").click()
    expect(rows.first.locator(".wall-prompt").first).to_have_text("group 0: -1.00")
    rows.nth(1).locator(".wall-picture").first.click()
    page.get_by_role("link", name="The whole group").click()
    expect(page.locator(".wall-group")).to_have_count(1)
    expect(prompts(page).first).to_have_text("group 1: 1.50")


def test_a_video_stands_still_until_it_is_pointed_at(wall, run, page: Page):
    add_sample(run, 20, path=paint(run, "samples/v.webp", num_frames=3), prompt="a ball that rolls")
    wall()
    image, button = page.get_by_role("img", name="a ball that rolls"), page.locator(".wall-picture")
    still, moving = re.compile("/thumb/$"), re.compile(r"/media/samples/\d+/$")
    expect(image).to_have_attribute("src", still)
    button.hover()
    expect(image).to_have_attribute("src", moving)
    page.mouse.move(0, 0)
    expect(image).to_have_attribute("src", still)
    button.focus()
    expect(image).to_have_attribute("src", moving)
    button.blur()
    expect(image).to_have_attribute("src", still)
    page.emulate_media(reduced_motion="reduce")
    button.hover()
    expect(page.locator(".wall-picture:hover img")).to_have_attribute("src", still)
    button.click()
    shown = page.get_by_role("dialog").get_by_role("img")
    expect(shown).to_have_attribute("src", still)
    page.get_by_role("button", name="Play").click()
    expect(shown).to_have_attribute("src", moving)


def test_more_tiles_come_as_one_scrolls_and_ticks_stay(wall, run):
    for number in range(PAGE):
        add_sample(run, 10, index=10 + number, path="samples/a.png", prompt=f"more {number}")
    page = wall()
    expect(page.get_by_text(f"{PAGE + 4} pictures")).to_be_visible()
    page.get_by_label("Tick blue cube 0").check()
    page.locator("#wall-more").scroll_into_view_if_needed()
    expect(prompts(page)).to_have_count(PAGE + 4)
    expect(page.get_by_text("1 ticked: tick another to compare")).to_be_visible()
    page.get_by_label("Tick red cube 1").check()
    expect(page).to_have_url(re.compile(r"ticked=s\d+,s\d+$"))
    page.reload()
    expect(page.get_by_label("Tick red cube 1")).to_be_checked()
    expect(page.get_by_text("2 ticked", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Compare").last).to_have_attribute(
        "href", re.compile(r"/compare/\?items=s\d+,s\d+$")
    )
    page.get_by_role("button", name="Untick all").click()
    expect(page.get_by_label("Tick red cube 1")).not_to_be_checked()
    expect(page).not_to_have_url(re.compile("ticked"))


def test_other_runs_are_picked(wall, run):
    other = add_run(run.experiment, "other")
    add_sample(other, 3, path="samples/a.png", prompt="of the other run")
    paint(other, "samples/a.png")
    page = wall(f"?runs={run.id}&sort=-seed")
    page.get_by_role("heading", name="Runs").click()
    page.get_by_role("checkbox", name="other running").check()
    page.get_by_role("button", name="Show").click()
    expect(prompts(page)).to_have_count(5)
    expect(page).to_have_url(re.compile(f"sort=-seed&runs={run.id},{other.id}$"))
    expect(page.get_by_role("img", name="other", exact=True)).to_be_visible()
