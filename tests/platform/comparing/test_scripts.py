"""What the scripts of the page compute, against the same computed otherwise."""

import numpy as np
import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scripts(page: Page, live_server):
    """Calls a function of one of the modules in a browser."""
    page.goto(f"{live_server.url}/accounts/login/")

    def call(module: str, expression: str, *arguments):
        path = f"{live_server.url}/static/js/compare/{module}.js"
        return page.evaluate(
            f"async (given) => {{ const m = await import('{path}'); return {expression}; }}", arguments
        )

    return call


def test_the_difference_is_absolute_scaled_and_clipped(scripts):
    generator = np.random.default_rng(5)
    a, b = (generator.integers(0, 256, (6, 4)) for _ in range(2))
    expression = """(([a, b, gain]) => {
        const out = new Uint8ClampedArray(a.length);
        const told = m.subtract(a, b, gain, out);
        return [[...out], told.mean, told.largest];
    })(given)"""
    out, mean, largest = scripts("difference", expression, a.ravel().tolist(), b.ravel().tolist(), 3)
    difference = np.abs(a - b)[:, :3]
    assert np.array_equal(np.reshape(out, (6, 4))[:, :3], np.minimum(3 * difference, 255))
    assert set(np.reshape(out, (6, 4))[:, 3]) == {255}
    assert mean == pytest.approx(difference.mean()) and largest == difference.max()


def test_zooming_leaves_the_point_below_the_cursor_where_it_is(scripts):
    camera, size, canvas = {"zoom": 2, "x": 0.5, "y": 0.4}, {"width": 64, "height": 32}, {"width": 300, "height": 200}
    at = {"x": 120, "y": 130}
    after = scripts("camera", "m.zoomed(given[0], given[1], given[2], 1.7, given[3])", camera, size, canvas, at)

    def seen(camera: dict) -> list[float]:
        """Which point of the picture, from 0 to 1, is under the cursor."""
        scale = camera["zoom"] * min(300 / 64, 200 / 32)
        return [camera["x"] + (120 - 150) / scale / 64, camera["y"] + (130 - 100) / scale / 32]

    assert after["zoom"] == pytest.approx(3.4)
    assert seen(after) == pytest.approx(seen(camera))


def test_no_picture_is_pushed_out_of_sight(scripts):
    camera, size, canvas = {"zoom": 2, "x": 0.5, "y": 0.5}, {"width": 64, "height": 64}, {"width": 100, "height": 100}
    after = scripts("camera", "m.panned(given[0], given[1], given[2], -9999, 9999)", camera, size, canvas)
    assert (after["x"], after["y"]) == (0.75, 0.25)
    out = scripts("camera", "m.zoomed(given[0], given[1], given[2], 0.1)", after, size, canvas)
    assert out == {"zoom": 1, "x": 0.5, "y": 0.5}


@pytest.mark.parametrize("side", [0, 300])
def test_before_anything_is_laid_out_zooming_keeps_the_middle_and_dragging_moves_nothing(scripts, side):
    """With no extent of the canvas, and with none of the picture."""
    camera = {"zoom": 2, "x": 0.5, "y": 0.4}
    size, canvas = {"width": 300 - side, "height": 300 - side}, {"width": side, "height": side}
    zoomed = scripts("camera", "m.zoomed(given[0], given[1], given[2], 1.5)", camera, size, canvas)
    assert zoomed == {"zoom": 3, "x": 0.5, "y": 0.4}
    assert scripts("camera", "m.panned(given[0], given[1], given[2], 5, 0)", camera, size, canvas) == camera


def test_neighbours_are_found_past_gaps_and_all_together(scripts):
    prompts = [[["s1", "s2"], ["s3", None], ["s5", "s6"]], [["s7", "s8"]]]

    def next_to(refs: list[str], prompts_on: int, seeds_on: int):
        return scripts("neighbours", "new m.Neighbours(given[0]).next(given[1], given[2], given[3])",
                       prompts, refs, prompts_on, seeds_on)  # fmt: skip

    assert next_to(["s1", "s2"], 0, 1) == ["s5", "s6"]
    assert next_to(["s5", "s6"], 0, -1) == ["s1", "s2"]
    assert next_to(["s2"], 1, 0) == ["s8"]
    assert next_to(["s1", "s5"], 0, 1) is None
    assert next_to(["s1", "elsewhere"], 0, 1) is None


def test_a_video_holds_its_last_frame_while_a_longer_one_goes_on(scripts):
    durations = [40, 60, 100]
    expression = """(([durations, times]) => {
        const about = { width: 1, height: 1, durations, per_sheet: 8 };
        const video = new m.Moving("/", about, () => {});
        return times.map((time) => video.numberAt(time));
    })(given)"""
    assert scripts("sources", expression, durations, [0, 39.9, 40, 99, 100, 199, 200, 5000]) == [
        0,
        0,
        1,
        1,
        2,
        2,
        2,
        2,
    ]


def test_a_step_goes_to_the_next_frame_of_any_video(scripts):
    expression = """((sources) => {
        const clock = new m.Clock(120, 1, () => {});
        clock.set(sources);
        const times = [];
        for (const direction of [1, 1, 1, -1, -1, -1, -1]) {
            clock.step(direction);
            times.push(clock.time);
        }
        return times;
    })(given)"""
    assert scripts("clock", expression, {"ends": [50, 100, 150]}, {"ends": [110, 200]}) == [
        150,
        150,
        150,
        110,
        100,
        50,
        0,
    ]
