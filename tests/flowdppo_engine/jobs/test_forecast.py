import pytest

from flowdppo_engine.config import RunConfig
from flowdppo_engine.jobs.forecast import Measured, forecast
from flowdppo_engine.jobs.smaller import one_step_of

SECONDS = {"rollout": 4.0, "decode": 1.0, "reward": 2.0, "update": 3.0}


def config(**changes):
    base = {
        "iterations": 10,
        "rollout": {"group_size": 4, "groups_per_iteration": 8, "batch_size": 8},
        "update": {"tile_samples": 8},
        "evaluation": {"prompt_sets": [], "num_denoising_steps": 4},
        "reference": {"num_logged": 0},
    }
    return RunConfig.model_validate({**base, **changes})


def test_each_phase_grows_with_its_work():
    run = config()
    expected = forecast(run, one_step_of(run), Measured(SECONDS, None), ())
    # Four batches of eight images, all of them alike.
    assert expected.seconds == pytest.approx({name: 4 * took for name, took in SECONDS.items()}, rel=0.05)
    assert expected.seconds_per_iteration == pytest.approx(40, rel=0.05)


def test_inner_epochs_repeat_the_update_alone():
    run = config(update={"tile_samples": 8, "inner_epochs": 2})
    expected = forecast(run, one_step_of(run), Measured(SECONDS, None), ())
    assert expected.seconds["update"] == pytest.approx(24)
    assert expected.seconds["reward"] == pytest.approx(8)


def test_evaluations_are_added_by_their_passes():
    evaluation = {
        "prompt_sets": ["sandbox:in_domain"], "every": 5, "num_prompts": 16, "batch_size": 8,
        "num_denoising_steps": 4, "num_drift_prompts": 0,
    }  # fmt: skip
    run = config(evaluation=evaluation, samples={"every": 10, "num_prompts": 4, "seeds_per_prompt": 1})
    small = one_step_of(run)
    # 8 images by 2 steps took 1.6 s: a tenth of a second a pass.
    expected = forecast(run, small, Measured(SECONDS, 1.6), (512,))
    passes = 3 * 16 * 4 + 2 * 4 * 4
    beside = expected.seconds_for_run - 10 * expected.seconds_per_iteration
    floor = beside - passes * 0.1
    assert 0 <= floor < 3
