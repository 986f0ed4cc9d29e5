"""The panel in a browser, on the real application and database."""

import pytest
from playwright.sync_api import expect

from tests.frontend.panel.looking import chart, drawn, open_panel, wait_for_points
from tests.platform.runs.synthetic_run import SyntheticRun, metrics


@pytest.fixture
def synthetic(experiment) -> SyntheticRun:
    synthetic = SyntheticRun(experiment, "first run")
    synthetic.evaluate(0)
    synthetic.draw(0, num_samples=4)
    train(synthetic, range(1, 21))
    synthetic.draw(10, num_samples=4)
    synthetic.evaluate(20, mean=0.75)
    return synthetic


def train(synthetic: SyntheticRun, iterations: range) -> None:
    synthetic.write(
        *(metrics(i, {"reward/mean": i / 100, "kl/reference_nats": i / 10, "loss/policy": -i}) for i in iterations)
    )


def test_curves_scores_and_samples_are_drawn(panel, web_address, synthetic):
    open_panel(panel, web_address, synthetic)
    wait_for_points(panel, "Reward", 20)
    assert drawn(panel, "Reward") == [
        {"x": list(range(1, 21)), "y": [i / 100 for i in range(1, 21)], "name": "first run"}
    ]
    (score,) = drawn(panel, "Held-out score")
    assert (score["x"], score["y"]) == ([0, 20], [0.5, 0.75])
    (frontier,) = drawn(panel, "Held-out score against KL to the base model")
    assert (frontier["x"], frontier["y"]) == ([0, 2], [0.5, 0.75])
    expect(panel.locator(".tile img")).to_have_count(4)
    expect(panel.get_by_role("link", name="All samples")).to_have_attribute("href", f"/samples/?runs={synthetic.id}")
    expect(panel.locator(".tile").first).to_contain_text("seed0")
    assert panel.locator(".tile img").first.evaluate("image => image.decode().then(() => image.naturalWidth)") == 64


def test_new_points_and_samples_arrive_and_zoom_stays(panel, web_address, synthetic):
    open_panel(panel, web_address, synthetic)
    wait_for_points(panel, "Reward", 20)
    plot = chart(panel, "Reward").locator(".plot")
    plot.evaluate("plot => Plotly.relayout(plot, {'xaxis.range': [5, 10]})")
    expect(panel.locator(".samples output")).to_have_text("iteration 10")
    train(synthetic, range(21, 31))
    synthetic.draw(30, num_samples=4)
    wait_for_points(panel, "Reward", 30)
    assert drawn(panel, "Reward")[0]["x"] == list(range(1, 31))
    assert plot.evaluate("plot => plot.layout.xaxis.range") == [5, 10]
    expect(panel.locator(".samples output")).to_have_text("iteration 30")


def test_a_chosen_step_stays_while_samples_arrive(panel, web_address, synthetic):
    open_panel(panel, web_address, synthetic, view="&step=0")
    expect(panel.locator(".samples output")).to_have_text("iteration 0")
    train(synthetic, range(21, 31))
    synthetic.draw(30, num_samples=4)
    expect(panel.locator(".samples input[type=range]")).to_have_attribute("max", "2")
    expect(panel.locator(".samples output")).to_have_text("iteration 0")
    panel.locator(".samples input[type=range]").press("ArrowRight")
    expect(panel.locator(".samples output")).to_have_text("iteration 10")
    assert "step=10" in panel.url
    panel.get_by_role("button", name="Latest").click()
    expect(panel.locator(".samples output")).to_have_text("iteration 30")
    assert "step=" not in panel.url


def test_runs_that_differ_by_their_seed_are_drawn_as_their_mean_on_demand(panel, web_address, synthetic, experiment):
    other = SyntheticRun(experiment, "first run 2")
    other.write(*(metrics(i, {"reward/mean": 3 * i / 100}) for i in range(1, 11)))
    open_panel(panel, web_address, synthetic, other, view="&keys=reward/mean")
    wait_for_points(panel, "Reward", 20)
    panel.get_by_label("Mean over seeds").check()
    wait_for_points(panel, "Reward", 10)
    *_, mean = drawn(panel, "Reward")
    assert (mean["name"], mean["x"]) == ("first run (2 seeds)", list(range(1, 11)))
    assert mean["y"] == pytest.approx([2 * i / 100 for i in range(1, 11)])
    assert "seeds=1" in panel.url


def test_a_rolled_back_stretch_leaves_the_screen(panel, web_address, synthetic):
    open_panel(panel, web_address, synthetic)
    wait_for_points(panel, "Reward", 20)
    synthetic.stop_and_resume(5)
    wait_for_points(panel, "Reward", 5)
    expect(panel.locator(".samples output")).to_have_text("iteration 0")


def test_what_a_lost_attempt_had_written_is_drawn_on_demand(panel, web_address, synthetic):
    synthetic.stop_and_resume(5)
    open_panel(panel, web_address, synthetic)
    wait_for_points(panel, "Reward", 5)
    assert [line["name"] for line in drawn(panel, "Reward")] == ["first run"]
    panel.get_by_label("Lost attempts").check()
    wait_for_points(panel, "Reward", 16)
    lost, line = drawn(panel, "Reward")
    assert (lost["name"], line["x"]) == ("first run, attempt 1, lost", [1, 2, 3, 4, 5])
    assert lost["x"] == list(range(5, 21))
    assert "lost=1" in panel.url
    panel.get_by_label("Lost attempts").uncheck()
    wait_for_points(panel, "Reward", 5)


def test_two_runs_are_overlaid_and_side_by_side(panel, web_address, synthetic, experiment):
    other = SyntheticRun(experiment, "second run")
    other.draw(0, num_samples=4)
    train(other, range(1, 6))
    open_panel(panel, web_address, synthetic, other)
    wait_for_points(panel, "Reward", 20)
    assert [line["name"] for line in drawn(panel, "Reward")] == ["first run", "second run"]
    expect(panel.locator(".pane")).to_have_count(2)
    expect(panel.locator(".pane .when").nth(1)).to_have_text("iteration 0, its last before")
    panel.locator(".legend button", has_text="first run").click()
    assert [line["name"] for line in drawn(panel, "Reward")] == ["second run"]
    expect(panel.locator(".pane")).to_have_count(1)


def test_the_controls_change_the_picture_and_the_address(panel, web_address, synthetic):
    open_panel(panel, web_address, synthetic)
    wait_for_points(panel, "Reward", 20)
    panel.get_by_text("Optimizer step", exact=True).click()
    panel.wait_for_function("location.search.includes('x=step')")
    assert drawn(panel, "Reward")[0]["x"] == list(range(2, 41, 2))
    panel.get_by_role("button", name="Choose curves").click()
    panel.get_by_label("Policy loss").check()
    wait_for_points(panel, "Policy loss", 20)
    assert "keys=" in panel.url
    panel.reload()
    wait_for_points(panel, "Policy loss", 20)
    assert drawn(panel, "Reward")[0]["x"] == list(range(2, 41, 2))


def test_a_picture_opens_in_full(panel, web_address, synthetic):
    open_panel(panel, web_address, synthetic)
    panel.locator(".tile button").first.click()
    dialog = panel.get_by_role("dialog")
    expect(dialog).to_contain_text("a circle")
    expect(dialog.locator("img")).to_have_class("pixelated")
    panel.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_a_fresh_run_says_what_comes_and_then_shows_it(panel, web_address, experiment):
    fresh = SyntheticRun(experiment, "fresh")
    open_panel(panel, web_address, fresh)
    expect(panel.get_by_text("No samples yet: the first come before iteration 1.")).to_be_visible()
    expect(panel.get_by_text("No evaluation yet: the first comes before iteration 1.")).to_be_visible()
    fresh.draw(0)
    fresh.write(metrics(1, {"reward/mean": 0.5, "reward/extra": 0.25}))
    expect(chart(panel, "Reward: extra")).to_be_visible()
    wait_for_points(panel, "Reward: extra", 1)
    expect(panel.locator(".tile")).to_have_count(1)


def test_another_teams_run_is_not_there(panel, web_address, member, synthetic):
    member.memberships.all().delete()
    panel.goto(f"{web_address}/panel/?runs={synthetic.id}")
    expect(panel.get_by_text("There is no such run, or it belongs to a team that you are not in.")).to_be_visible()
    assert panel.locator(".tile").count() == 0


def test_without_runs_the_panel_says_where_to_find_some(panel, web_address):
    panel.goto(f"{web_address}/panel/")
    expect(panel.get_by_text("No run chosen.")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_panel_takes_the_colours_of_the_site(panel, web_address, synthetic, scheme):
    panel.emulate_media(color_scheme=scheme)
    open_panel(panel, web_address, synthetic)
    background = panel.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(247, 247, 249)", "dark": "rgb(17, 17, 22)"}[scheme]


def test_nothing_is_wider_than_a_phone(panel, web_address, synthetic):
    panel.set_viewport_size({"width": 390, "height": 844})
    open_panel(panel, web_address, synthetic)
    wait_for_points(panel, "Reward", 20)
    assert panel.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_frame_on_the_run_page_is_as_tall_as_the_panel(panel, web_address, synthetic):
    panel.goto(f"{web_address}/runs/{synthetic.id}/")
    frame = panel.frame_locator("iframe[data-panel]")
    expect(frame.locator(".tile")).to_have_count(4)
    inner = frame.locator("html")
    panel.wait_for_function("document.querySelector('iframe[data-panel]').style.height !== ''")
    assert inner.evaluate("html => html.scrollHeight - window.innerHeight") <= 0
