"""Curves in a browser: laid over what a person chooses, beside each other, and all of it in the address."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.frontend.panel.looking import chart, drawn, open_panel, wait_for_points
from tests.platform.runs.synthetic_run import SyntheticRun, metrics


@pytest.fixture
def runs(experiment) -> list[SyntheticRun]:
    """One of 20 iterations, one of 10, of half an hour each."""
    made = [SyntheticRun(experiment, name) for name in ("first", "second")]
    for run, length in zip(made, (20, 10), strict=True):
        points = (metrics(i, {"reward/mean": i / 100}) for i in range(1, length + 1))
        run.write(*(point.model_copy(update={"time": time.time() + 1800 * point.iteration}) for point in points))
    return made


def layout(panel: Page, title: str, path: str):
    return chart(panel, title).locator(".plot").evaluate(f"plot => plot.layout.{path}")


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_moves_when_the_data_arrive(width, panel, web_address, runs):
    runs[0].evaluate(0)
    held = []
    panel.route("**/runs/series?*", lambda route: held.append(route), times=1)
    panel.set_viewport_size({"width": width, "height": 800})
    with panel.expect_request("**/runs/series?*"):
        # One run: more of them may need more lines of a phone than can be known before.
        panel.goto(f"{web_address}/panel/?view=curves&runs={runs[0].id}")
    reward = chart(panel, "Reward").locator(".plot-area")
    expect(reward).to_be_visible()
    expect(panel.get_by_label("Score", exact=True)).to_be_hidden()
    before = reward.bounding_box()
    held[0].continue_()
    wait_for_points(panel, "Reward", 20)
    assert reward.bounding_box() == before


def test_a_curve_lies_over_images_and_over_gpu_hours(panel, web_address, runs):
    open_panel(panel, web_address, *runs, view="&view=curves&x=samples")
    wait_for_points(panel, "Reward", 20)
    rollout = runs[0].run.config["rollout"]
    each = rollout["group_size"] * rollout["groups_per_iteration"]
    assert drawn(panel, "Reward")[0]["x"] == [i * each for i in range(1, 21)]
    assert layout(panel, "Reward", "xaxis.title.text") == "images drawn in training"
    expect(chart(panel, "Reward").locator(".xtick").last).to_have_text("10,000")
    panel.get_by_text("GPU hours", exact=True).click()
    panel.wait_for_function("location.search.includes('x=hours')")
    expect(chart(panel, "Reward")).to_contain_text("GPU hours")
    # The runs began a moment ago.
    assert drawn(panel, "Reward")[0]["x"] == pytest.approx([i / 2 for i in range(1, 21)], abs=0.05)


def test_each_run_has_a_small_chart_of_its_own_on_the_same_axes(panel, web_address, runs):
    open_panel(panel, web_address, *runs, view="&view=curves&keys=reward/mean&multiples=1")
    wait_for_points(panel, "Reward", 20)
    assert [line["x"][-1] for line in drawn(panel, "Reward")] == [20, 10]
    assert layout(panel, "Reward", "xaxis2.matches") == "x" and layout(panel, "Reward", "yaxis2.matches") == "y"
    expect(chart(panel, "Reward").locator(".annotation")).to_contain_text(["first", "second"])
    panel.get_by_label("A chart a run").uncheck()
    panel.wait_for_function("!location.search.includes('multiples')")
    axes = chart(panel, "Reward").locator(".plot").evaluate("plot => plot.data.map((line) => line.xaxis ?? 'x')")
    assert axes == ["x", "x"]


@pytest.mark.long
def test_many_small_charts_are_drawn_once_they_are_near_the_screen(panel, web_address, experiment):
    many = [SyntheticRun(experiment, f"run {number}") for number in range(9)]
    keys = [f"group/{number}" for number in range(7)]
    for run in many:
        run.write(*(metrics(i, dict.fromkeys(keys, i / 10)) for i in (1, 2)))
    panel.set_viewport_size({"width": 500, "height": 400})
    open_panel(panel, web_address, *many, view=f"&view=curves&multiples=1&keys={','.join(keys)}")
    wait_for_points(panel, "group: 0", 2)
    assert drawn(panel, "group: 6") == []
    last = chart(panel, "group: 6")
    before = last.bounding_box()["height"]
    last.scroll_into_view_if_needed()
    wait_for_points(panel, "group: 6", 2)
    # Its room was kept, so that nothing jumps.
    assert last.bounding_box()["height"] == before


def test_on_the_page_of_curves_alone_all_axes_are_logarithmic_on_demand(panel, web_address, runs):
    open_panel(panel, web_address, *runs, view="&view=curves")
    wait_for_points(panel, "Reward", 20)
    assert panel.locator(".samples").count() == 0
    assert chart(panel, "Held-out score against KL to the base model").count() == 0
    panel.get_by_label("All", exact=True).check()
    panel.wait_for_function("location.search.includes('log=all')")
    assert layout(panel, "Reward", "yaxis.type") == "log"
    panel.reload()
    wait_for_points(panel, "Reward", 20)
    assert layout(panel, "Reward", "yaxis.type") == "log"


def test_a_zoom_is_in_the_address_and_stays_while_data_arrives(panel, web_address, runs):
    open_panel(panel, web_address, *runs, view="&view=curves")
    wait_for_points(panel, "Reward", 20)
    chart(panel, "Reward").locator(".plot").evaluate("plot => Plotly.relayout(plot, {'xaxis.range': [5, 10]})")
    expect(panel).to_have_url(re.compile(r"zoom=reward/mean\*5\*10\*\*"))
    panel.reload()
    wait_for_points(panel, "Reward", 20)
    assert layout(panel, "Reward", "xaxis.range") == [5, 10]
    runs[0].write(metrics(21, {"reward/mean": 0.21}))
    wait_for_points(panel, "Reward", 21)
    assert layout(panel, "Reward", "xaxis.range") == [5, 10]
    # Another axis has other numbers.
    panel.get_by_text("Optimizer step", exact=True).click()
    panel.wait_for_function("!location.search.includes('zoom')")
    assert layout(panel, "Reward", "xaxis.range")[1] > 40


def test_the_legend_hides_runs_also_for_who_gets_the_link_and_leads_to_them(panel, web_address, runs):
    open_panel(panel, web_address, *runs, view="&view=curves")
    wait_for_points(panel, "Reward", 20)
    panel.locator(".legend button", has_text="first").click()
    wait_for_points(panel, "Reward", 10)
    assert "hide=0" in panel.url
    panel.reload()
    wait_for_points(panel, "Reward", 10)
    assert [line["name"] for line in drawn(panel, "Reward")] == ["second"]
    panel.get_by_role("link", name="Open second").click()
    expect(panel).to_have_url(f"{web_address}/runs/{runs[1].id}/")
