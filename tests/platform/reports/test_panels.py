"""What panels draw: the right numbers in the right places, and of the report's team alone."""

import math
import re
from uuid import uuid4

import pytest

from pictures.refs import ref_of
from reports.drawings import Charts, Gap, Grid, Table, Tiles
from reports.panels.tracks import smooth
from reports.pieces import panels_of, problems_of
from reports.scope import Scope
from runs import scatter
from runs.metric_names import KL_TO_BASE, REWARD
from runs.models import Run
from tests.platform.lab import add_evaluation, add_point, add_run, add_sample, resume
from tests.platform.pictures.easel import add_drawing
from tests.platform.reports.desk import add_full_run, draw, panel

pytestmark = pytest.mark.django_db


@pytest.fixture
def scope(lab) -> Scope:
    return Scope(lab.team.id)


@pytest.fixture
def elsewhere() -> Run:
    """A run of the stranger's team, with something to show."""
    run = Run.objects.get(experiment__name="Theirs")
    add_point(run, REWARD, 1, 0.5)
    add_evaluation(run, 4, 0.9)
    draw(add_sample(run, 4))
    return run


def drawn(scope: Scope, kind: str, *lines: str):
    [placed] = panels_of(panel(kind, *lines))
    assert placed.problems == ()
    return placed.panel.draw(scope)


def test_curves_have_their_points_where_the_axes_say(lab, scope):
    runs = [add_full_run(lab, name) for name in ("one", "two")]
    add_point(runs[1], REWARD, 5, 0.9)
    charts = drawn(scope, "curves", f"runs: {runs[0].id}, {runs[1].id}", f"metrics: {REWARD}")
    [plot] = charts.plots
    assert [key.name for key in charts.legend] == ["one", "two"] and charts.note == ""
    assert [len(line.points) for line in plot.lines] == [4, 5]
    # 0.1 to 0.9 over iterations 1 to 5; the axes go from 0 to 1 and from 1 to 5.
    width, height = scatter.WIDTH - scatter.LEFT - scatter.RIGHT, scatter.HEIGHT - scatter.TOP - scatter.BOTTOM
    x, y = plot.lines[1].points[-1]
    assert (x, y) == pytest.approx((scatter.LEFT + width, scatter.TOP + 0.1 * height), abs=0.1)
    assert "two ends at 0.9" in plot.words


def test_what_was_rolled_back_is_in_no_curve(lab, scope):
    run = add_full_run(lab)
    resume(run, 2)
    charts = drawn(scope, "curves", f"runs: {run.id}", f"metrics: {REWARD}")
    assert len(charts.plots[0].lines[0].points) == 2


def test_what_is_no_number_is_drawn_nowhere(lab, scope):
    run = add_full_run(lab)
    for key in (REWARD, KL_TO_BASE):
        add_point(run, key, 5, math.nan)
        add_point(run, key, 6, math.inf)
    add_point(run, "loss/policy", 1, math.nan)
    charts = drawn(scope, "curves", f"runs: {run.id}", f"metrics: {REWARD}, loss/policy")
    assert [len(line.points) for plot in charts.plots for line in plot.lines] == [4]
    assert charts.note == "No values of Policy loss."
    # Evaluations after it have no KL, and one without an interval is a point.
    add_evaluation(run, 6, 0.9)
    bare = add_evaluation(run, 3, 0.7)
    bare.scores["sandbox_soft_tifa"] |= {"low": None, "high": None}
    bare.save()
    void = add_evaluation(run, 2, 0.7)
    void.scores["sandbox_soft_tifa"] |= {"mean": None, "low": None, "high": None}
    void.save()
    [plot] = drawn(scope, "frontier", f"runs: {run.id}").plots
    assert [dot.words.partition(":")[0] for dot in plot.dots] == ["base model of first", "first at 3", "first at 4"]
    assert plot.dots[1].low == plot.dots[1].y == plot.dots[1].high


def test_a_metric_that_nobody_has_is_told(lab, scope):
    run = add_full_run(lab)
    charts = drawn(scope, "curves", f"runs: {run.id}, {uuid4()}", f"metrics: {REWARD}, loss/policy")
    assert charts.note == "No values of Policy loss. 1 run is not there any more."
    gap = drawn(scope, "curves", f"runs: {run.id}", "metrics: loss/policy")
    assert gap == Gap("Curves", "This run has no values of Policy loss yet.")


def test_smoothing_is_a_weighted_mean_of_what_came_before():
    values, weight = [1.0, 4.0, 2.0], 0.5
    sums = [sum(weight ** (t - i) * values[i] for i in range(t + 1)) for t in range(3)]
    norms = [sum(weight ** (t - i) for i in range(t + 1)) for t in range(3)]
    assert smooth(values, weight) == pytest.approx([s / n for s, n in zip(sums, norms, strict=True)])
    assert smooth(values, 0.0) == values


def test_the_frontier_has_a_point_for_each_evaluation(lab, scope):
    run = add_full_run(lab)
    add_evaluation(run, 2, 0.3)
    charts = drawn(scope, "frontier", f"runs: {run.id}")
    [plot] = charts.plots
    assert [re.sub(r" \(.*\)", "", dot.words) for dot in plot.dots] == [
        "base model of first: 0.4, 0 nats", "first at 2: 0.3, 1 nats", "first at 4: 0.6, 2 nats"
    ]  # fmt: skip
    # The checkpoint at 2 is worse than the base model, so the edge leaves it out.
    assert plot.lines[0].points == [(plot.dots[0].x, plot.dots[0].y), (plot.dots[2].x, plot.dots[2].y)]
    assert all(dot.high < dot.y < dot.low for dot in plot.dots)


def test_a_frontier_of_what_was_not_scored_says_so(lab, scope):
    run = add_full_run(lab)
    assert isinstance(drawn(scope, "frontier", f"runs: {run.id}", "reward: beauty"), Gap)
    assert isinstance(drawn(scope, "frontier", f"runs: {add_run(lab.experiment).id}"), Gap)


def test_the_table_has_base_trained_and_difference_with_intervals(lab, scope):
    run = add_full_run(lab)
    table = drawn(scope, "table", f"runs: {run.id}", "prompt_sets: in_domain", "title: Scores")
    [row] = table.rows
    assert (table.title, row.name) == ("Scores", "first at 4")
    assert [cell.text for cell in row.cells] == ["in_domain", "sandbox_soft_tifa", "0.400", "0.600", "+0.200", "2"]
    assert row.cells[4].interval == "+0.180 to +0.220" and row.cells[4].verdict == "better"
    assert isinstance(drawn(scope, "table", f"runs: {run.id}", "rewards: beauty"), Gap)
    last = run.evaluations.get(iteration=4)
    last.scores["sandbox_soft_tifa"] |= {"low": None, "high": None}
    last.difference = {"sandbox_soft_tifa": {"mean": None, "low": None, "high": None}}
    last.save()
    [row] = drawn(scope, "table", f"runs: {run.id}").rows
    assert [(cell.text, cell.interval) for cell in row.cells[3:5]] == [("0.600", ""), ("–", "")]


def test_the_grid_has_prompts_down_and_policies_across(lab, scope):
    run = add_full_run(lab)
    for seed in (7, 3):
        add_drawing(run, 4, prompt="a square", seed=seed, rewards={"a": 0.25})
    grid = drawn(scope, "grid", f"policies: {run.id}@0, {run.id}@4")
    assert [column.name for column in grid.columns] == ["base model of first", "first at 4"]
    assert [(prompt, [bool(tile) for tile in tiles]) for prompt, tiles in grid.rows] == [
        ("a circle", [True, True]), ("a square", [False, True])
    ]  # fmt: skip
    square = grid.rows[1][1][1]
    assert (square.row.seed, square.lines) == (3, ("a 0.250",))


def test_the_grid_can_be_of_one_seed_and_some_prompts(lab, scope):
    run = add_full_run(lab)
    for seed in (7, 3):
        add_drawing(run, 4, prompt="a square: red, blue", seed=seed)
    grid = drawn(scope, "grid", f"policies: {run.id}@4", "prompt: a square: red, blue", "seed: 7")
    assert [(prompt, tiles[0].row.seed) for prompt, tiles in grid.rows] == [("a square: red, blue", 7)]


def test_pictures_come_in_their_order(lab, scope):
    run = add_full_run(lab)
    drawing, sample = add_drawing(run, 4, rewards={"a": 0.5}), run.samples.first()
    tiles = drawn(scope, "pictures", f"refs: d{drawing.id}, s{sample.id}, s{10**9}")
    assert [ref_of(row) for row in tiles.pictures] == [ref_of(drawing), ref_of(sample)]
    assert tiles.note == "1 picture is not there any more."
    assert tiles.tiles[0].lines == ("first at 4", "a 0.500")


@pytest.mark.parametrize(
    "kind, line",
    [("curves", "runs: {run}"), ("frontier", "runs: {run}"), ("table", "runs: {run}"),
     ("grid", "policies: {run}@4"), ("pictures", "refs: s{sample}")],
)  # fmt: skip
def test_nothing_of_another_team_is_drawn(kind, line, scope, lab, elsewhere):
    line = line.format(run=elsewhere.id, sample=elsewhere.samples.first().id)
    assert isinstance(drawn(scope, kind, line), Gap)
    [problem] = problems_of(scope, panel(kind, line))
    assert (problem.line, "of this team" in problem.message) == (2, True)
    # Its own team sees it.
    theirs = Scope(elsewhere.experiment.team_id)
    expected = {"curves": Charts, "frontier": Gap, "table": Table, "grid": Grid, "pictures": Tiles}[kind]
    assert isinstance(drawn(theirs, kind, line), expected) and problems_of(theirs, panel(kind, line)) == []


@pytest.mark.parametrize("kind, most", [("curves", 3), ("frontier", 2), ("table", 2)])
def test_more_runs_take_no_more_queries(kind, most, lab, scope, django_assert_max_num_queries):
    runs = [add_full_run(lab, f"run {number}") for number in range(4)]
    with django_assert_max_num_queries(most):
        drawing = drawn(scope, kind, f"runs: {', '.join(str(run.id) for run in runs)}")
    assert not isinstance(drawing, Gap)


def test_a_grid_of_many_is_three_queries(lab, scope, django_assert_num_queries):
    runs = [add_full_run(lab, f"run {number}") for number in range(4)]
    with django_assert_num_queries(3):
        grid = drawn(scope, "grid", f"policies: {', '.join(f'{run.id}@4' for run in runs)}")
    assert len(grid.pictures) == 4


def test_the_default_metrics_are_reward_and_kl(lab, scope):
    charts = drawn(scope, "curves", f"runs: {add_full_run(lab).id}", "x: step")
    assert [(plot.title, plot.x_title) for plot in charts.plots] == [
        ("Reward", "Optimizer step"), ("KL to the base model, nats", "Optimizer step")
    ]  # fmt: skip
    assert KL_TO_BASE == "kl/reference_nats"
