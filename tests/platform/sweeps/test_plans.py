"""What a sweep will take, before it is submitted."""

import pytest

from runs import summaries
from runs.estimates import PassCount, measured_speed
from sweeps.axes import Axis
from sweeps.plans import plan_sweep
from sweeps.points import points_of
from tests.platform.lab import CONFIG, add_point, add_run
from tests.platform.sweeps.conftest import RANKS, RATES


@pytest.fixture
def timed(lab):
    run = add_run(lab.experiment)
    add_point(run, "time/images_per_second", 1, 20.0)
    summaries.refresh(run.id)


def test_it_counts_runs_and_tells_what_cannot_run(lab):
    plan = plan_sweep(lab.team, CONFIG, [RATES, Axis("lora.rank", (8, 9999, 16))], [0, 1])
    assert (plan.num_runs, plan.factors, len(plan.invalid)) == (12, "2 × 3 × 2 seeds", 2)
    assert plan.axes_in_words == [("Learning rate", "1e-5, 0.0001"), ("Rank", "8, 9999, 16")]
    assert [texts for _, texts in plan.rows][:2] == [["1e-5", "8"], ["1e-5", "9999"]]
    assert plan.gpu_hours is plan.hours_in_turn is plan.hours_in_fleet is None


def test_hours_are_those_of_every_run(lab, timed):
    axes = [Axis("iterations", (10, 30))]
    plan = plan_sweep(lab.team, CONFIG, axes, [0, 1, 2], num_gpus=2)
    configs = [point.config for point in points_of(CONFIG, axes, 1)]
    speed = measured_speed(lab.team, configs[0])
    assert plan.num_passes == 3 * sum(map(PassCount(), configs))
    assert plan.gpu_hours == pytest.approx(speed.hours(plan.num_passes))
    assert plan.hours_in_turn == pytest.approx(plan.gpu_hours / 2)


def test_a_model_that_was_never_timed_leaves_the_hours_open(lab, timed):
    assert plan_sweep(lab.team, CONFIG, [RANKS], [0]).gpu_hours > 0
    assert plan_sweep(lab.team, CONFIG, [Axis("model.resolution", (64, 128))], [0]).gpu_hours is None


def test_the_fleet_takes_so_many_at_once(lab, timed, monkeypatch):
    plan = plan_sweep(lab.team, CONFIG, [RANKS], [0, 1, 2])
    assert (plan.num_at_once, plan.hours_in_fleet) == (0, None)

    class Target:
        slots, is_open = (0, 1, 2, 3), True

    monkeypatch.setattr("sweeps.plans.known_targets", lambda busy: [Target()])
    plan = plan_sweep(lab.team, CONFIG, [RANKS], [0, 1, 2])
    assert plan.num_at_once == 4
    assert plan.hours_in_fleet == pytest.approx(plan.hours_in_turn * 2 / 6)
