"""Voting in a browser: keys, the next pair at once, the way back, a phone, and where people and reward part."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse
from PIL import Image
from playwright.sync_api import Page, expect

from pictures.models import Drawing
from pictures.refs import parse_ref
from tests.platform.browsing import PHONE, is_within_its_width, signed_in
from tests.platform.core.web_client import sign_in
from tests.platform.lab import Lab, add_run, make_lab
from tests.platform.votes.ballot_box import add_drawings, add_vote, judge
from votes import services
from votes.models import Ballot, Vote
from votes.verdicts import Outcome, read_verdicts

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lab(settings, tmp_path) -> Lab:
    settings.MEDIA_ROOT = tmp_path / "files"
    return make_lab()


@pytest.fixture
def browser_page(page: Page, live_server, lab) -> Page:
    """A member's; a script that fails, and what the site's policy refuses, fails the test."""
    with signed_in(page, live_server.url, lab.member):
        yield page


def shown(page: Page) -> str:
    """The ballot before the person, once it can be answered."""
    expect(page.locator("#ballot [data-answer=tie]")).to_be_enabled()
    return page.locator("#ballot").get_attribute("data-shown")


def press(page: Page, key: str) -> str:
    """Answer by key; the ballot that was answered."""
    before = shown(page)
    page.keyboard.press(key)
    expect(page.locator("#ballot")).not_to_have_attribute("data-shown", before)
    return before


def test_a_vote_from_a_link_to_its_results(browser_page: Page, lab: Lab):
    page = browser_page
    run = add_run(lab.experiment, "mine")
    add_drawings(run, (0, 40, 80), seeds=(1, 2))
    page.goto(f"{page.base}{reverse('vote_new')}?policies={run.id}@0,{run.id}@40")
    plan = page.locator("#vote-plan")
    expect(plan).to_contain_text("6 pairs")
    page.get_by_label("80").check()
    expect(plan).to_contain_text("18 pairs")
    expect(page).to_have_url(re.compile(rf"policies={run.id}%4080"))
    page.get_by_label("Pairs at most").fill("4")
    expect(plan).to_contain_text("4 pairs of 18")
    page.get_by_label("Name").fill("Which is better?")
    page.get_by_role("button", name="Start the vote").click()
    expect(page.get_by_role("heading", name="Which is better?")).to_be_visible()

    progress = page.locator("#vote-progress")
    expect(progress).to_have_text("0 of 4 pairs; 0 people")
    ballots = [press(page, key) for key in ("ArrowLeft", "ArrowUp", "ArrowDown")]
    expect(progress).to_have_text("3 of 4 pairs; 1 person")
    answers = [Ballot.objects.get(id=ballot).answer for ballot in ballots]
    assert answers == ["left", "tie", "bad"]

    page.keyboard.press("u")
    expect(page.locator("#ballot")).to_have_attribute("data-shown", ballots[-1])
    expect(progress).to_have_text("2 of 4 pairs; 1 person")
    press(page, "ArrowRight")
    shown(page)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", name="That was the last pair")).to_be_focused()
    expect(progress).to_have_text("4 of 4 pairs; 1 person")
    vote = Vote.objects.get()
    assert Ballot.objects.get(id=ballots[-1]).answer == "right" and len(read_verdicts(vote)) == 4

    page.locator("#ballots-done").get_by_role("link", name="See the results").click()
    expect(page.get_by_role("heading", name="People beside the reward")).to_be_visible()
    expect(page.locator(".vote-picture .vote-mark.by-people")).to_have_count(3)
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Close").click()
    expect(page.locator(".state", has_text="closed")).to_be_visible()


def test_the_next_pair_is_there_before_the_answer_has_arrived(browser_page: Page, lab: Lab):
    page = browser_page
    vote = add_vote(lab, iterations=(0, 40), seeds=(1, 2))
    page.goto(page.base + reverse("vote", args=[vote.id]))
    first = shown(page)
    second = next(ballot for ballot in Ballot.objects.filter(person=lab.member) if str(ballot.id) != first)
    held = []
    page.route("**/answer/", lambda route: held.append(route) if not held else route.continue_())
    with page.expect_request("**/answer/"):
        page.keyboard.press("ArrowLeft")
    # The answer is on its way, and the pictures of the next pair are fetched: nothing is waited for.
    expect(page.locator("#ballot")).to_have_attribute("data-shown", str(second.id))
    expect(page.locator("#ballot [data-answer=left]")).to_be_enabled()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#ballot [data-answer=left]")).to_be_disabled()
    held[0].continue_()
    expect(page.locator("#vote-progress")).to_have_text("2 of 6 pairs; 1 person")
    said = dict(Ballot.objects.filter(person=lab.member).exclude(answer="").values_list("id", "answer"))
    assert {str(ballot): answer for ballot, answer in said.items()} == {first: "left", str(second.id): "tie"}


def test_both_pictures_are_enlarged_at_the_same_place(browser_page: Page, lab: Lab):
    page = browser_page
    vote = add_vote(lab)
    for drawing in Drawing.objects.all():
        Image.new("RGB", (64, 64), "teal").save(Path(settings.MEDIA_ROOT) / drawing.path)
    page.goto(page.base + reverse("vote", args=[vote.id]))
    shown(page)
    images = page.locator(".ballot-picture img")
    box = page.locator(".ballot-picture").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 4)
    page.keyboard.press(" ")
    expect(page.locator("[data-zoom]")).to_have_attribute("aria-pressed", "true")
    styles = images.evaluate_all("all => all.map((one) => [getComputedStyle(one).transform, one.clientWidth])")
    assert [transform for transform, _ in styles] == ["matrix(3, 0, 0, 3, 0, 0)"] * 2
    # They are small: enlarged pixel by pixel, as everywhere on the site.
    assert images.evaluate_all("all => all.map((one) => getComputedStyle(one).imageRendering)") == ["pixelated"] * 2
    assert page.locator("#ballot").evaluate("one => one.style.getPropertyValue('--zoom-x')") == "25%"
    # A new pair is seen whole, and the keys of a held arrow are one answer.
    press(page, "ArrowDown")
    expect(page.locator("[data-zoom]")).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="Picture on the right: enlarge both").click()
    expect(page.locator("[data-zoom]")).to_have_attribute("aria-pressed", "true")


def test_pages_fit_a_phone_and_a_thumb_can_vote(browser_page: Page, lab: Lab):
    page = browser_page
    page.set_viewport_size(PHONE)
    run = add_run(lab.experiment, "a-name-that-is-as-long-as-names-can-be-" * 3)
    vote = add_vote(lab, run, seeds=(1, 2, 3, 4))
    page.goto(page.base + reverse("vote", args=[vote.id]))
    first = shown(page)
    upper, lower = (picture.bounding_box() for picture in page.locator(".ballot-picture").all())
    assert upper["y"] + upper["height"] <= lower["y"] and lower["y"] + lower["height"] < PHONE["height"]
    page.get_by_role("button", name="Lower is better").click()
    expect(page.locator("#vote-progress")).to_have_text("1 of 12 pairs; 1 person")
    assert Ballot.objects.get(id=first).answer == "right"
    judge(lab.member, vote, 11)
    Drawing.objects.update(rewards={"a_reward_whose_name_is_as_long_as_names_can_be": 0.5})
    paths = [reverse(name) for name in ("votes", "vote_new")]
    paths += [reverse(name, args=[vote.id]) for name in ("vote", "vote_results")]
    for path in paths:
        page.goto(page.base + path)
        assert is_within_its_width(page), path
    assert {one.outcome for one in read_verdicts(vote)} <= {Outcome.FIRST, Outcome.SECOND}


def test_an_answer_that_cannot_be_sent_comes_back(page: Page, live_server, lab: Lab):
    vote = add_vote(lab)
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": sign_in(lab.viewer), "url": live_server.url}
    page.context.add_cookies([cookie])
    page.goto(live_server.url + reverse("vote", args=[vote.id]))
    first = shown(page)
    page.route("**/answer/", lambda route: route.abort())
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#ballot-problem")).to_have_text("The server does not answer.")
    expect(page.locator("#ballot")).to_have_attribute("data-shown", first)
    page.unroute("**/answer/")
    press(page, "ArrowLeft")
    expect(page.locator("#vote-progress")).to_have_text("1 of 3 pairs; 1 person")
    assert Ballot.objects.get(id=first).answer == "left"


def test_a_pair_that_lost_a_picture_meanwhile_is_passed_over(page: Page, live_server, lab: Lab):
    vote = add_vote(lab)
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": sign_in(lab.viewer), "url": live_server.url}
    page.context.add_cookies([cookie])
    first, second = services.issue(lab.viewer, vote)
    drawing = Drawing.objects.get(id=parse_ref(first.pair.first_picture).id)
    (Path(settings.MEDIA_ROOT) / drawing.path).write_bytes(b"no picture")
    page.goto(live_server.url + reverse("vote", args=[vote.id]))
    assert shown(page) == str(second.id)
    expect(page.locator("#vote-progress")).to_have_text("0 of 2 pairs; 0 people")
