"""Pictures whose pixels are known, compared in a browser."""

import re

import pytest
from django.urls import reverse
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from comparing.looking import Looking
from comparing.models import Comparison
from pictures.policies import PolicyRef
from pictures.refs import ref_of
from runs.models import Run
from tests.platform.browsing import PHONE, is_within_its_width, signed_in
from tests.platform.comparing.film import add_picture, add_video
from tests.platform.lab import add_checkpoint, add_run

pytestmark = pytest.mark.django_db(transaction=True)

LEFT, RIGHT = (200, 40, 10), (150, 60, 10)
# A pixel of a canvas, by its place from 0 to 1.
PIXEL = """(canvas, [x, y]) => [...canvas.getContext("2d").getImageData(
    Math.floor(x * canvas.width), Math.floor(y * canvas.height), 1, 1).data].slice(0, 3)"""


@pytest.fixture
def run(lab) -> Run:
    """Two prompts with two seeds; the base model's are of one colour, and at 8 the right halves are of another."""
    run = add_run(lab.experiment, "first")
    for iteration in (0, 8):
        for index in range(4):
            image = Image.new("RGB", (64, 64), LEFT)
            if iteration:
                image.paste(RIGHT, (32, 0, 64, 64))
            values = {"prompt": f"prompt {index // 2}", "seed": index % 2, "rewards": {"soft": 0.5 + iteration / 32}}
            add_picture(run, iteration, image, index, **values)
    add_checkpoint(run, 8)
    return run


@pytest.fixture
def browser_page(page: Page, live_server, lab) -> Page:
    """Signed in as a member; what fails in a script or is refused by the site's policy fails the test."""
    with signed_in(page, live_server.url, lab.member):
        yield page


def open_page(page: Page, live_server, looking: Looking, more: str = "") -> None:
    page.goto(f"{live_server.url}{reverse('compare')}?{looking.query}{more}")


def of(run: Run, **values) -> Looking:
    return Looking(policies=(PolicyRef(run.id, 0), PolicyRef(run.id, 8)), **values)


def row(run: Run, index: int) -> tuple:
    return tuple(ref_of(sample) for sample in run.samples.filter(index=index).order_by("iteration"))


def wait_for(page: Page, refs) -> None:
    expect(page.locator("[data-compare]")).to_have_attribute("data-ready", ",".join(map(str, refs)))


def settled_box(canvas: Locator) -> dict:
    """Where it is, once two frames of the browser leave it there: what was drawn may still change the layout."""
    before = None
    while (box := canvas.bounding_box()) != before:
        before = box
        canvas.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return box


def pixel(canvas: Locator, x: float, y: float) -> tuple[int, ...]:
    return tuple(canvas.evaluate(PIXEL, [x, y]))


def expect_pixel(canvas: Locator, x: float, y: float, color: tuple[int, ...]) -> None:
    """It is drawn in the browser's next frame."""
    canvas.page.wait_for_function(
        f"([canvas, at, color]) => String(({PIXEL})(canvas, at)) === color",
        arg=[canvas.element_handle(), [x, y], ",".join(map(str, color))],
    )


def test_from_the_grid_to_pictures_and_from_row_to_row(run, lab, browser_page: Page, live_server):
    page = browser_page
    page.goto(live_server.url + reverse("compare"))
    expect(page.get_by_text("Nothing is compared yet")).to_be_visible()
    page.get_by_label("base model").check()
    page.get_by_label("8", exact=True).check()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("[data-cell]")).to_have_count(8)
    expect(page.locator("td").nth(1)).to_have_class("above-4")
    expect(page.locator("td").nth(1)).to_contain_text("+0.250")

    page.get_by_label("Against").select_option("first at 8")
    expect(page.locator("td").nth(0)).to_have_class("below-4")
    expect(page.get_by_text("its difference to first at 8")).to_be_visible()
    expect(page).to_have_url(re.compile(f"against={run.id}(@|%40)8"))
    page.get_by_label("Against").select_option("each run's base model")
    expect(page.locator("td").nth(1)).to_have_class("above-4")

    page.locator("[data-cell]").nth(1).click()
    wait_for(page, row(run, 0))
    page.keyboard.press("ArrowRight")
    wait_for(page, row(run, 1))
    page.keyboard.press("ArrowDown")
    wait_for(page, row(run, 3))
    page.keyboard.press("ArrowDown")  # There is no further prompt.
    page.keyboard.press("ArrowLeft")
    wait_for(page, row(run, 2))
    expect(page).to_have_url(re.compile(f"items={','.join(map(str, row(run, 2)))}"))
    expect(page.locator("[data-stage] li").nth(1)).to_contain_text("+0.25")
    page.get_by_role("link", name="Back to the grid").click()
    expect(page.locator("[data-cell]")).to_have_count(8)

    ticks = page.locator("[data-tick]")
    ticks.nth(0).check()
    ticks.nth(3).check()
    page.get_by_role("link", name="Compare them").click()
    wait_for(page, (row(run, 0)[0], row(run, 1)[1]))


def test_the_difference_map_is_the_difference_of_the_pixels(run, browser_page: Page, live_server):
    page = browser_page
    items = row(run, 0)
    open_page(page, live_server, Looking(items=items, mode="difference", gain=2))
    wait_for(page, items)
    big = page.locator("[data-big]")
    expect_pixel(big, 0.25, 0.5, (0, 0, 0))
    expect_pixel(big, 0.75, 0.5, (100, 40, 0))
    expect(page.locator("[data-told]")).to_have_text("mean 11.7, largest 50 of 255")
    page.get_by_label("Gain").select_option("4")
    expect_pixel(big, 0.75, 0.5, (200, 80, 0))
    expect(page).not_to_have_url(re.compile("gain="))


def test_the_wipe_shows_one_on_each_side_of_its_line(run, browser_page: Page, live_server):
    page = browser_page
    items = row(run, 0)
    open_page(page, live_server, Looking(items=items, mode="wipe", wipe=80.0))
    wait_for(page, items)
    big = page.locator("[data-big]")
    expect_pixel(big, 0.75, 0.5, LEFT)
    expect_pixel(big, 0.85, 0.5, RIGHT)
    box = big.bounding_box()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 50, steps=3)
    page.mouse.up()
    expect_pixel(big, 0.75, 0.5, RIGHT)
    expect(page).to_have_url(re.compile("wipe=60&|wipe=60$|wipe=(59|60)\\.\\d"))


def test_space_flickers_and_digits_pick(run, browser_page: Page, live_server):
    page = browser_page
    items = (*row(run, 0), *row(run, 1))
    open_page(page, live_server, Looking(items=items))
    wait_for(page, items)
    big = page.locator("[data-big]")
    page.keyboard.press("Space")
    expect_pixel(big, 0.75, 0.5, LEFT)
    page.keyboard.press("Space")
    expect_pixel(big, 0.75, 0.5, RIGHT)
    expect(page).to_have_url(re.compile("pair=2,1"))
    page.keyboard.press("Shift+3")
    expect_pixel(big, 0.75, 0.5, LEFT)
    page.keyboard.press("4")
    expect(page).to_have_url(re.compile("pair=3,4"))
    expect(page.get_by_label("Second of the pair")).to_have_value("4")
    page.get_by_label("Every").select_option("250")
    expect_pixel(big, 0.75, 0.5, RIGHT)
    expect_pixel(big, 0.75, 0.5, LEFT)


def test_all_zoom_and_move_together_and_the_link_shows_the_same(run, lab, browser_page: Page, live_server):
    page = browser_page
    items = row(run, 0)
    open_page(page, live_server, Looking(items=items))
    wait_for(page, items)
    first, second = page.locator("[data-stage] canvas").all()
    expect_pixel(second, 0.3, 0.5, LEFT)
    box = settled_box(first)
    # At three quarters of the width: that point stays where it is.
    page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.wheel(0, -1000)
    expect(page.locator("[data-zoom-told]")).to_have_text("× 4.5")
    expect_pixel(second, 0.02, 0.5, RIGHT)
    page.mouse.down()
    page.mouse.move(box["x"] + 2.2 * box["width"], box["y"] + 0.5 * box["height"], steps=4)
    page.mouse.up()
    expect_pixel(second, 0.25, 0.5, LEFT)
    expect_pixel(first, 0.25, 0.5, LEFT)
    expect(page).to_have_url(re.compile(r"zoom=4\.4\d+&x=0\.\d+"))

    seen = [second.evaluate("canvas => canvas.toDataURL()"), page.url]
    page.goto("about:blank")
    page.goto(seen[1])
    wait_for(page, items)
    expect(page.locator("[data-zoom-told]")).to_have_text("× 4.5")
    again = page.locator("[data-stage] canvas").nth(1)
    page.wait_for_function("([canvas, seen]) => canvas.toDataURL() === seen", arg=[again.element_handle(), seen[0]])
    page.keyboard.press("0")
    expect(page).not_to_have_url(re.compile("zoom="))


def test_two_fingers_zoom_where_they_are(run, browser_page: Page, live_server):
    page = browser_page
    items = row(run, 0)
    open_page(page, live_server, Looking(items=items))
    wait_for(page, items)
    box = page.locator("[data-stage] canvas").first.bounding_box()
    fingers = page.context.new_cdp_session(page)

    def touch(kind: str, *xs: float) -> None:
        """Fingers at these places across the first picture, at half of its height."""
        points = [
            {"x": box["x"] + x * box["width"], "y": box["y"] + box["height"] / 2, "id": number}
            for number, x in enumerate(xs)
        ]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 0.7)
    touch("touchStart", 0.7, 0.8)
    for spread in (0.1, 0.15, 0.2):
        touch("touchMove", 0.75 - spread, 0.75 + spread)
    touch("touchEnd")
    expect(page.locator("[data-zoom-told]")).to_have_text("× 4")
    # The fingers were in the right half, which stays below them.
    expect_pixel(page.locator("[data-stage] canvas").nth(1), 0.75, 0.5, RIGHT)
    expect_pixel(page.locator("[data-stage] canvas").nth(1), 0.1, 0.5, RIGHT)


def test_videos_share_one_clock(run, browser_page: Page, live_server):
    page = browser_page
    red, green, blue = (250, 0, 0), (0, 250, 0), (0, 0, 250)
    quick = add_video(run, 20, [red, green, blue] * 4, [50] * 12, index=0)
    slow = add_video(run, 20, [blue, red], [100, 500], index=1)
    items = (ref_of(quick), ref_of(slow))
    open_page(page, live_server, Looking(items=items, time=120))
    wait_for(page, items)
    canvases = page.locator("[data-stage] canvas").all()

    def shows(*colors) -> None:
        for canvas, color in zip(canvases, colors, strict=True):
            # The sheets are lossy, a little.
            canvas.page.wait_for_function(
                f"([canvas, color]) => ({PIXEL})(canvas, [0.5, 0.5]).every((at, i) => Math.abs(at - color[i]) < 8)",
                arg=[canvas.element_handle(), list(color)],
            )

    shows(blue, red)
    page.keyboard.press(",")
    shows(green, blue)
    expect(page).to_have_url(re.compile("time=50"))
    page.keyboard.press("d")
    expect(page.locator("[data-told]")).to_contain_text(re.compile(r"mean 16\d\.\d, largest 2(4|5)\d of 255"))
    page.keyboard.press("s")
    page.get_by_role("button", name="Play").click()
    expect(page.locator("[data-time-told]")).to_contain_text("frame 11 of 12")
    page.get_by_role("button", name="Pause").click()
    number = int(re.search(r"frame (\d+)", page.locator("[data-time-told]").inner_text())[1])
    shows([red, green, blue][(number - 1) % 3], blue if number <= 2 else red)


def test_a_comparison_is_saved_found_and_opened_as_it_was(run, lab, browser_page: Page, live_server):
    page = browser_page
    items = row(run, 0)
    open_page(page, live_server, of(run, items=items))
    wait_for(page, items)
    page.keyboard.press("w")
    page.keyboard.press("+")
    page.get_by_text("Save for the team").click()
    page.get_by_label("Name").fill("Right half")
    page.get_by_label("Notes").fill("It went darker.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", name="Right half")).to_be_visible()
    saved = Comparison.objects.get()
    assert (saved.looking.mode, saved.looking.zoom, saved.looking.items) == ("wipe", 1.5, items)

    page.goto(live_server.url + reverse("comparisons"))
    page.get_by_role("link", name="Right half").click()
    wait_for(page, items)
    expect(page.get_by_text("It went darker.").first).to_be_visible()
    expect(page.get_by_role("button", name="Wipe")).to_have_attribute("aria-pressed", "true")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_text("Rename, change or delete").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Nothing saved yet")).to_be_visible()
    assert not Comparison.objects.exists()


@pytest.mark.parametrize("mode", ["side", "wipe"])
def test_it_fits_a_phone(mode, run, browser_page: Page, live_server):
    page = browser_page
    page.set_viewport_size(PHONE)
    items = row(run, 0)
    open_page(page, live_server, of(run, items=items, mode=mode))
    wait_for(page, items)
    assert is_within_its_width(page)
    canvas = page.locator("[data-big]" if mode == "wipe" else "[data-stage] canvas").first
    assert canvas.bounding_box()["width"] > 150
    open_page(page, live_server, of(run))
    expect(page.locator("[data-cell]")).to_have_count(8)
    assert is_within_its_width(page)


def test_long_names_and_prompts_make_nothing_wider(run, browser_page: Page, live_server):
    page = browser_page
    run.name = "a-run-whose-name-is-as-long-as-names-can-be-" * 2
    run.save()
    run.samples.update(prompt="everything that there is to be said about a picture " * 6)
    open_page(page, live_server, of(run))
    seeds = page.locator("tbody th[scope=row]").first
    assert seeds.bounding_box()["width"] < 80
    page.set_viewport_size(PHONE)
    items = row(run, 0)
    open_page(page, live_server, Looking(items=items, mode="wipe"))
    wait_for(page, items)
    names = page.locator(".compare-names span")
    expect(names).to_have_text([re.compile("^1 · base model · a-run"), re.compile("^2 · at 8 · a-run")])
    assert max(name.bounding_box()["height"] for name in names.all()) < 30
    assert is_within_its_width(page)
