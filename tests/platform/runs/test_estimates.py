"""How long a run will take, by what was measured."""

import pytest

from flowdppo_engine.config import RunConfig
from flowdppo_engine.planning.cost import RunCost
from runs import estimates, summaries
from runs.estimates import PassCount, measured_speed
from runs.models import Experiment
from tests.platform.lab import CONFIG, add_point, add_run

RUN = RunConfig.model_validate(CONFIG)


def timed(experiment, images_per_second: float, **fields):
    run = add_run(experiment, **fields)
    add_point(run, "time/images_per_second", 1, images_per_second)
    summaries.refresh(run.id)
    return run


def test_without_a_timed_run_nothing_is_known(lab):
    add_run(lab.experiment)
    assert measured_speed(lab.team, RUN) is None


def test_speed_is_the_median_of_the_teams_runs_with_this_model(lab):
    for images_per_second in (10, 20, 1000):
        timed(lab.experiment, images_per_second)
    theirs = Experiment.objects.exclude(team=lab.team).get()
    timed(theirs, 1e9)
    timed(lab.experiment, 1e9, config={**CONFIG, "model": {**CONFIG["model"], "resolution": 128}})
    speed = measured_speed(lab.team, RUN)
    seconds = RUN.rollout.num_images / 20 / RunCost(RUN).units_per_iteration
    assert (speed.seconds, speed.num_runs) == (pytest.approx(seconds), 3)
    assert speed.hours(7200, num_gpus=2) == pytest.approx(seconds)


def test_gpus_count(lab):
    timed(lab.experiment, 20, num_gpus=4)
    seconds = 4 * RUN.rollout.num_images / 20 / RunCost(RUN).units_per_iteration
    assert measured_speed(lab.team, RUN).seconds == pytest.approx(seconds)


@pytest.mark.parametrize("broken", [{"images": 0.0}, {"config": {**CONFIG, "seed": "many"}}])
def test_what_tells_nothing_is_left_out(lab, broken):
    timed(lab.experiment, broken.get("images", 20), config=broken.get("config", CONFIG))
    assert measured_speed(lab.team, RUN) is None


def test_passes_of_configurations_with_one_cost_are_counted_once(monkeypatch):
    counted, read = [], []
    monkeypatch.setattr(estimates, "RunCost", lambda *some: counted.append(some) or RunCost(*some))
    sizes_of = estimates.sizes_on_this_server
    monkeypatch.setattr(estimates, "sizes_on_this_server", lambda config: read.append(config) or sizes_of(config))
    count = PassCount()
    assert count(RUN) == count(RUN.model_copy(update={"seed": 9}))
    assert count(RUN.model_copy(update={"iterations": 9})) < count(RUN)
    assert (len(counted), len(read)) == (2, 1)
