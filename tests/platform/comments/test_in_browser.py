"""A talk about a picture between two browsers: names are completed, answers appear, the inbox counts."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from django.conf import settings
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from comments.models import Comment
from comments.services import add_comment
from comments.subjects import subject_of_picture
from tests.platform.browsing import signed_in
from tests.platform.lab import Lab, add_run, add_sample, make_lab

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lab(settings, tmp_path) -> Lab:
    settings.MEDIA_ROOT = tmp_path / "files"
    return make_lab()


@pytest.fixture
def pages(browser: Browser, live_server, lab) -> Iterator[list[Page]]:
    """The page of a picture before the member and before the viewer, side by side."""
    run = add_run(lab.experiment, created_by=lab.owner)
    sample = add_sample(run, 4)
    file = Path(settings.MEDIA_ROOT) / run.folder / sample.path
    file.parent.mkdir(parents=True)
    Image.new("RGB", (32, 32), "teal").save(file)
    add_comment(lab.owner, subject_of_picture(sample), "first")
    with ExitStack() as signed:
        pages = []
        for person in (lab.member, lab.viewer):
            page = signed.enter_context(closing(browser.new_context(base_url=live_server.url))).new_page()
            pages.append(signed.enter_context(signed_in(page, live_server.url, person, with_refusals=True)))
            page.clock.install()
            page.goto(f"{live_server.url}/pictures/s{sample.id}/")
        yield pages


def test_two_people_talk_about_a_picture(pages: list[Page]):
    member, viewer = pages
    for page in pages:
        page.locator("#comments").scroll_into_view_if_needed()
        expect(page.locator(".comment")).to_have_count(1)

    member.keyboard.press("c")
    box = member.get_by_label("New comment")
    expect(box).to_be_focused()
    box.press_sequentially("look, @v")
    option = member.get_by_role("option")
    expect(option).to_have_text("@viewer")
    expect(box).to_have_attribute("aria-activedescendant", option.get_attribute("id"))
    box.press("Enter")
    expect(box).to_have_value("look, @viewer ")
    box.press("Control+Enter")
    expect(member.locator(".comment .mention")).to_have_text("@viewer")
    expect(box).to_have_value("")
    expect(box).to_be_focused()

    # What the viewer writes stays while the answer of another comes in.
    viewer.get_by_label("New comment").fill("half a")
    viewer.clock.fast_forward(11_000)
    expect(viewer.locator(".comment")).to_have_count(2)
    expect(viewer.get_by_label("New comment")).to_have_value("half a")

    member.get_by_role("link", name="Edit").click()
    edited = member.get_by_label("Your comment").locator("textarea")
    expect(edited).to_be_focused()
    edited.fill(" ")
    edited.press("Control+Enter")
    expect(member.get_by_text("Empty: write something")).to_be_visible()
    member.get_by_label("Your comment").locator("textarea").fill("listen, @viewer")
    member.get_by_role("button", name="Save").click()
    expect(member.locator(".comment").last).to_contain_text("listen, @viewer")

    member.on("dialog", lambda dialog: dialog.accept())
    member.get_by_role("button", name="Delete").click()
    expect(member.locator(".comment")).to_have_count(1)
    assert Comment.objects.count() == 1


def test_a_notice_leads_to_the_comment(pages: list[Page], lab: Lab):
    viewer = pages[1]
    first = Comment.objects.get()
    # Where it does not stand before their eyes.
    viewer.goto("/runs/")
    made = add_comment(lab.member, subject_of_picture(first.sample), "@viewer what do you think?")
    viewer.keyboard.press("g")
    viewer.keyboard.press("i")
    viewer.wait_for_url("**/inbox/")
    expect(viewer.get_by_role("link", name="Inbox: 1 unread")).to_be_visible()
    viewer.get_by_role("link", name="member mentioned you").click()
    expect(viewer.locator(".pointed-out")).to_have_attribute("id", f"comment-{made.id}")
    viewer.reload()
    expect(viewer.get_by_role("link", name="Inbox", exact=True)).to_be_visible()
