"""The frontier in a browser: points of checkpoints, what stands on the axes, the edge, and the way to the samples."""

import pytest
from playwright.sync_api import Page, expect

from tests.frontend.panel.looking import drawn, wait_for_points
from tests.platform.runs.synthetic_run import SyntheticRun, metrics

KL, REWARD, SCORE = "kl/reference_nats", "reward/mean", "score@sandbox:in_domain"


@pytest.fixture
def runs(experiment) -> list[SyntheticRun]:
    """The second is farther from the base model at each score, and does not beat the first."""
    made = [SyntheticRun(experiment, f"lr 1, seed {number}") for number in range(2)]
    for run, far in zip(made, (1, 2), strict=True):
        run.evaluate(0, mean=0.4)
        run.write(*(metrics(i, {KL: far * i / 10, REWARD: i / 100}) for i in range(1, 21)))
        run.evaluate(10, mean=0.5)
        run.evaluate(20, mean=0.6)
    return made


@pytest.fixture
def frontier(panel, web_address, runs) -> Page:
    ids = ",".join(str(run.id) for run in runs)
    panel.goto(f"{web_address}/panel/?runs={ids}&view=frontier&across={KL}&up={SCORE}")
    wait_for_points(panel, "score on in domain against KL to the base model, nats", 3)
    return panel


TITLE = "score on in domain against KL to the base model, nats"


def test_a_point_for_each_checkpoint_and_the_edge_of_what_nothing_beats(frontier, runs):
    first, second, edge = drawn(frontier, TITLE)
    assert (first["x"], first["y"]) == ([0, 1, 2], [0.4, 0.5, 0.6])
    assert (second["x"], edge["x"]) == ([0, 2, 4], [0, 1, 2])
    rows = frontier.locator(".edge-table tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(2)).to_contain_text("lr 1, seed 0")
    link = rows.nth(2).get_by_role("link", name="Samples of lr 1, seed 0 at iteration 20")
    expect(link).to_have_attribute("href", f"/samples/?policies={runs[0].id}@20")


def test_nothing_is_seen_that_would_move(panel, web_address, runs):
    held = []
    panel.route("**/runs/frontier?*", lambda route: held.append(route), times=1)
    with panel.expect_request("**/runs/frontier?*"):
        panel.goto(f"{web_address}/panel/?runs={runs[0].id}&view=frontier")
    expect(panel.locator(".chart.frontier")).to_be_hidden()
    expect(panel.get_by_label("Intervals")).to_be_hidden()
    held[0].continue_()
    expect(panel.locator(".chart.frontier")).to_be_visible()
    expect(panel.get_by_label("Intervals")).to_be_visible()


def test_other_quantities_are_chosen_and_stand_in_the_address(frontier):
    plot = frontier.locator(".frontier .plot")
    assert plot.evaluate("plot => plot.data[0].error_y === undefined")
    frontier.get_by_label("Intervals").check()
    assert plot.evaluate("plot => [...plot.data[0].error_y.array]") == pytest.approx([0.1, 0.1, 0.1])
    frontier.get_by_label("Up", exact=True).select_option(REWARD)
    wait_for_points(frontier, "Reward against KL to the base model, nats", 2)
    frontier.get_by_role("button", name="Swap").click()
    wait_for_points(frontier, "KL to the base model, nats against Reward", 2)
    assert f"across={REWARD}" in frontier.url and "intervals=1" in frontier.url
    frontier.reload()
    wait_for_points(frontier, "KL to the base model, nats against Reward", 2)
    assert drawn(frontier, "KL to the base model, nats against Reward")[0]["y"] == [1, 2]


def test_seeds_are_drawn_as_their_mean_with_intervals(frontier):
    frontier.get_by_label("Mean over seeds").check()
    frontier.wait_for_function("document.querySelector('.frontier .plot').data[0].name === 'lr 1 (2 seeds)'")
    mean, _ = drawn(frontier, TITLE)
    assert mean["x"] == pytest.approx([0, 1.5, 3])
    bars = frontier.locator(".frontier .plot").evaluate("plot => [...plot.data[0].error_x.array]")
    # Of 1 and 2: half a standard error of 0.5 by Student's t of one degree.
    assert bars == pytest.approx([0, 12.706 * 0.5, 12.706 * 1.0], rel=1e-4)
    assert "seeds=1" in frontier.url


def test_new_checkpoints_arrive_and_a_click_opens_the_samples_of_one(frontier, runs):
    runs[0].write(metrics(30, {KL: 3.0, REWARD: 0.3}))
    runs[0].evaluate(30, mean=0.7)
    wait_for_points(frontier, TITLE, 4)
    # Plotly lays a pane over its points, which finds out what was meant.
    box = frontier.locator(".frontier .scatterlayer .trace").first.locator(".point").last.bounding_box()
    frontier.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(frontier.locator(".frontier .hoverlayer")).to_contain_text("iteration 30")
    frontier.mouse.down()
    frontier.mouse.up()
    frontier.wait_for_url(f"**/samples/?policies={runs[0].id}@30*")


@pytest.mark.long
def test_what_is_not_there_yet_is_said(panel, web_address, experiment):
    fresh = SyntheticRun(experiment, "fresh")
    panel.goto(f"{web_address}/panel/?runs={fresh.id}&view=frontier")
    words = "No checkpoint has both Reward and KL to the base model, nats yet."
    expect(panel.get_by_text(words)).to_be_visible()
    expect(panel.get_by_label("A chart a run")).to_be_hidden()


def test_on_a_phone_and_for_who_may_not_see_it(frontier, member):
    frontier.set_viewport_size({"width": 390, "height": 844})
    expect(frontier.locator(".frontier")).to_be_visible()
    assert frontier.evaluate("document.documentElement.scrollWidth") <= 390
    member.memberships.all().delete()
    frontier.reload()
    expect(frontier.get_by_text("There is no such run, or it belongs to a team that you are not in.")).to_be_visible()
    expect(frontier.locator(".legend button")).to_have_count(0)
