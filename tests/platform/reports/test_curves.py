"""Curves in reports: over images and hours, on logarithmic axes, and as means over seeds with their intervals."""

from datetime import UTC, datetime

import pytest
from scipy import stats

from reports.drawings import Charts, Gap
from reports.html_file import html_of
from reports.panels.tracks import Track, mean_track
from reports.pdf.document import pdf_of
from reports.pieces import panels_of
from reports.scope import Scope
from runs import scatter
from runs.metric_names import KL_TO_BASE, REWARD
from runs.models import MetricPoint, Run
from tests.platform.lab import CONFIG, Lab, add_point, add_run
from tests.platform.reports.desk import add_full_run, add_report, panel

pytestmark = pytest.mark.django_db


@pytest.fixture
def scope(lab) -> Scope:
    return Scope(lab.team.id)


def drawn(scope: Scope, *lines: str):
    [placed] = panels_of(panel("curves", *lines))
    assert placed.problems == ()
    return placed.panel.draw(scope)


def add_seed(lab: Lab, seed: int, values: list[float], key: str = REWARD) -> Run:
    run = add_run(lab.experiment, f"wide, seed {seed}", config=CONFIG | {"seed": seed})
    for iteration, value in enumerate(values, 1):
        add_point(run, key, iteration, value)
    return run


def value_at(plot, place: float) -> float:
    """What a place in a linear chart stands for."""
    axis = plot.y
    return axis.low + (place - axis.begin) / (axis.end - axis.begin) * (axis.high - axis.low)


def test_seeds_are_one_line_in_a_band_of_students_interval(lab, scope):
    columns = [[0.1, 0.2, 0.45], [0.3, 0.5, 0.46], [0.2, 0.2]]
    seeds = [add_seed(lab, number, values) for number, values in enumerate(columns)]
    alone = add_full_run(lab, "alone", config=CONFIG | {"iterations": 77})
    charts = drawn(
        scope, f"runs: {', '.join(str(run.id) for run in [*seeds, alone])}", f"metrics: {REWARD}", "seeds: mean"
    )
    [plot] = charts.plots
    assert [(key.name, key.run_id) for key in charts.legend] == [("wide (3 seeds)", None), ("alone", alone.id)]
    assert charts.note == "Lines are means over seeds, bands their 95 % intervals."
    assert [len(line.points) for line in plot.lines] == [3, 4]
    [band] = plot.bands
    above, below = band.points[:3], band.points[:2:-1]
    for at, values in enumerate([(0.1, 0.3, 0.2), (0.2, 0.5, 0.2), (0.45, 0.46)]):
        mean = sum(values) / len(values)
        low, high = stats.t.interval(0.95, len(values) - 1, loc=mean, scale=stats.sem(values))
        assert value_at(plot, plot.lines[0].points[at][1]) == pytest.approx(mean, abs=0.01)
        assert value_at(plot, above[at][1]) == pytest.approx(high, abs=0.01)
        assert value_at(plot, below[at][1]) == pytest.approx(low, abs=0.01)
    assert "wide (3 seeds) ends at 0.455" in plot.words


def test_a_single_seed_has_no_mean(lab, scope):
    runs = f"runs: {add_seed(lab, 0, [0.1, 0.2]).id}"
    alone = drawn(scope, runs, f"metrics: {REWARD}", "seeds: mean")
    assert alone.note == "No two of these runs differ by their seed alone." and alone.plots[0].bands == []
    ahead = drawn(scope, f"{runs}, {add_seed(lab, 1, []).id}", f"metrics: {REWARD}", "seeds: mean")
    assert ahead == Gap("Curves", "These runs have no mean over seeds of Reward yet.")


def test_a_wide_band_does_not_flatten_the_lines(lab, scope):
    """Of two seeds the interval is some nine times as wide as they are apart."""
    runs = [add_seed(lab, number, [0.1 + number, 0.5 + number]) for number in range(2)]
    charts = drawn(scope, f"runs: {runs[0].id}, {runs[1].id}", f"metrics: {REWARD}", "seeds: mean")
    [plot] = charts.plots
    heights = [y for _, y in plot.lines[0].points]
    assert abs(heights[0] - heights[1]) > (plot.y.begin - plot.y.end) / 4
    assert {y for _, y in plot.bands[0].points} == {plot.y.begin, plot.y.end}


def test_long_curves_meet_by_stretches():
    """Of a straight line and one above it, the mean lies between, wherever the points of a stretch are."""
    even = Track([*range(1, 1001, 2)], [*range(1, 1001, 2)], [float(at) for at in range(1, 1001, 2)])
    odd = Track([*range(2, 1001, 2)], [*range(2, 1001, 2)], [at + 4.0 for at in range(2, 1001, 2)])
    mean = mean_track([even, odd])
    assert 100 < len(mean.xs) <= 150
    assert all(value == pytest.approx(x + 2, abs=0.6) for x, value in zip(mean.xs, mean.values, strict=True))


def test_curves_lie_over_images_and_gpu_hours(lab, scope):
    run = add_full_run(lab)
    attempt = run.attempts.get()
    attempt.started_at, attempt.gpus = datetime(2026, 1, 1, tzinfo=UTC), [0, 1]
    attempt.save()
    begun = attempt.started_at.timestamp()
    for point in MetricPoint.objects.filter(run=run):
        MetricPoint.objects.filter(id=point.id).update(time=begun + 1800 * point.iteration)
    rollout = run.config["rollout"]
    each = rollout["group_size"] * rollout["groups_per_iteration"]
    for axis, title, last in (("samples", "Images drawn in training", 4 * each), ("hours", "GPU hours", 4.0)):
        [plot] = drawn(scope, f"runs: {run.id}", f"metrics: {REWARD}", f"x: {axis}").plots
        assert plot.x_title == title and plot.lines[0].points[-1][0] == plot.x.place(last)
        assert plot.x.place(last) > scatter.WIDTH / 2


def test_a_logarithmic_axis_leaves_zeros_out(lab, scope):
    run = add_full_run(lab)
    add_point(run, KL_TO_BASE, 5, 0.0)
    add_point(run, KL_TO_BASE, 6, 50.0)
    reward, kl = drawn(scope, f"runs: {run.id}", "log: kl").plots
    assert (reward.title, kl.title) == ("Reward", "KL to the base model, nats, logarithmic")
    # 0.5, 1, 1.5, 2 and 50; a decade is a third of the way from 0.05 to 50, or what it is of its own axis.
    heights = [y for _, y in kl.lines[0].points]
    assert len(heights) == 5
    decade = (kl.y.begin - kl.y.end) / 2
    assert (kl.y.low, kl.y.high) == (0.5, 50.0) and heights[3] - heights[4] == pytest.approx(decade * 1.398, abs=0.2)
    add_point(run, REWARD, 5, -0.1)
    reward, kl = drawn(scope, f"runs: {run.id}", "log: all").plots
    assert (reward.title, kl.title) == ("Reward", "KL to the base model, nats, logarithmic")


def test_what_is_nowhere_above_zero_is_told(lab, scope):
    run = add_seed(lab, 0, [0.0, 0.0], key="kl/old_mean")
    assert isinstance(drawn(scope, f"runs: {run.id}", "metrics: kl/old_mean", "log: kl"), Gap)
    assert isinstance(drawn(scope, f"runs: {run.id}", "metrics: kl/old_mean"), Charts)


def test_one_point_is_seen(lab, scope):
    run = add_seed(lab, 0, [0.25])
    [plot] = drawn(scope, f"runs: {run.id}", f"metrics: {REWARD}").plots
    assert [dot.words for dot in plot.dots] == ["wide, seed 0: 0.25"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("log: yes", "is none of no, kl, all."),
        ("seeds: median", "is none of each, mean."),
        ("x: days", "is none of iteration, step, samples, hours."),
    ],
)
def test_what_does_not_fit_is_told(line, message):
    [placed] = panels_of(panel("curves", f"runs: {'0' * 8}-0000-0000-0000-{'0' * 12}", line))
    [problem] = placed.problems
    assert (problem.line, problem.message) == (3, message)


def test_page_file_and_paper_show_the_same(lab, member):
    seeds = [add_seed(lab, number, [0.1, 0.2 + number]) for number in range(2)]
    lines = [f"runs: {seeds[0].id}, {seeds[1].id}", f"metrics: {REWARD}", "seeds: mean", "log: all", "x: hours"]
    report = add_report(lab, panel("curves", *lines))
    page, file = member.get(f"/reports/{report.id}/").text, html_of(report)
    for text in (page, file):
        assert '<polygon class="plot-band series-1" points="' in text and "wide (2 seeds)" in text
        assert "Reward, logarithmic" in text and "GPU hours" in text
    assert pdf_of(report).startswith(b"%PDF-")


@pytest.mark.parametrize("axis, most", [("iteration", 2), ("samples", 2), ("hours", 3)])
def test_more_seeds_take_no_more_queries(axis, most, lab, scope, django_assert_max_num_queries):
    runs = ", ".join(str(add_seed(lab, number, [0.1, 0.2]).id) for number in range(5))
    with django_assert_max_num_queries(most):
        charts = drawn(scope, f"runs: {runs}", f"metrics: {REWARD}", "seeds: mean", f"x: {axis}")
    assert len(charts.plots[0].lines) == 1
