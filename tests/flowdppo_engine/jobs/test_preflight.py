"""The first step of a run, tried."""

import pytest
import torch

from flowdppo_engine.jobs import preflight as trying
from flowdppo_engine.jobs.specs import PreflightJob
from flowdppo_engine.rewards.base import Measurement, Reward
from flowdppo_engine.rewards.suite import RewardSuite
from flowdppo_engine.training import setup, trackers
from flowdppo_engine.training.update import Update
from tests.flowdppo_engine.jobs.folders import of_type, work


def test_a_step_that_works_tells_memory_and_seconds(make_config, tmp_path):
    code, events = work("preflight", PreflightJob(config=make_config()), tmp_path)
    (tried,) = of_type(events, "tried")
    assert code == 0 and events[-1].type == "finished"
    assert tried.device == "CPU" and tried.device_memory_gib is None
    assert 0.05 < tried.peak_memory_gib < 20
    assert tried.num_images == 16
    assert tried.seconds.keys() == {"rollout", "decode", "reward", "update"}
    assert tried.seconds_per_iteration == pytest.approx(sum(tried.seconds.values()))
    assert tried.seconds_for_run > 4 * tried.seconds_per_iteration > 0


def test_it_says_how_far_it_is(make_config, tmp_path):
    _, events = work("preflight", PreflightJob(config=make_config()), tmp_path)
    phases = [phase.phase for phase in of_type(events, "phase")]
    assert list(dict.fromkeys(phases)) == ["load", "encode", "evaluate", "train"]
    assert of_type(events, "phase")[-1].seconds_left is not None


def test_a_second_start_of_one_that_is_done_does_nothing(make_config, tmp_path):
    job = PreflightJob(config=make_config())
    _, events = work("preflight", job, tmp_path)
    assert work("preflight", job, tmp_path) == (0, events)


class Indifferent(Reward):
    name = "indifferent"
    score_range = (0.0, 1.0)

    def measure(self, images, prompts):
        half = torch.full((len(images),), 0.5)
        return Measurement(half, {self.name: half})


def test_every_image_is_learned_from_also_where_all_got_the_same_reward(make_config, tmp_path, monkeypatch):
    tiles = []
    learn = Update._learn_from

    def learn_and_count(self, batch, tile, *rest):
        tiles.append(len(tile))
        return learn(self, batch, tile, *rest)

    monkeypatch.setattr(Update, "_learn_from", learn_and_count)
    monkeypatch.setattr(setup, "make_reward_suite", lambda *_: RewardSuite({Indifferent(): 1.0}))
    code, events = work("preflight", PreflightJob(config=make_config()), tmp_path)
    # Two steps on 16 images at 2 denoising steps each.
    assert code == 0 and sum(tiles) == 2 * 16 * 2
    assert "learns nothing" in of_type(events, "log")[-1].message


def test_a_forward_process_run(make_config, tmp_path):
    config = make_config(
        objective={"name": "diffusion_nft"},
        trust_region={"name": "none"},
        rollout={"dynamics": {"name": "ode"}},
        reference={"measure": "velocity"},
    )
    code, events = work("preflight", PreflightJob(config=config), tmp_path)
    assert code == 0 and of_type(events, "tried")


def test_out_of_memory_is_told_with_what_would_need_less(make_config, tmp_path, monkeypatch):
    def run_out(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(Update, "run", run_out)
    code, events = work("preflight", PreflightJob(config=make_config()), tmp_path)
    assert code == 1 and events[-1].type == "failed"
    assert "model.offload_idle = true" in events[-1].hint and "Out of memory" in events[-1].hint


def test_what_the_run_would_fail_with_is_what_it_fails_with(make_config, tmp_path):
    code, events = work("preflight", PreflightJob(config=make_config(model={"source": str(tmp_path)})), tmp_path)
    assert code == 1 and "Check model.source" in events[-1].hint and not of_type(events, "tried")


def test_a_tracker_whose_package_is_missing_is_told_at_once(make_config, tmp_path, monkeypatch):
    monkeypatch.setattr(trackers, "_is_installed", lambda _: False)
    config = make_config(tracking={"trackers": ["wandb"]})
    code, events = work("preflight", PreflightJob(config=config), tmp_path)
    assert code == 2 and [event.type for event in events] == ["failed"] and "wandb" in events[0].error


def test_a_run_without_evaluations(make_config, tmp_path):
    config = make_config(evaluation={"prompt_sets": []})
    code, events = work("preflight", PreflightJob(config=config), tmp_path)
    assert code == 0 and of_type(events, "tried")[0].seconds_for_run > 0


def test_the_device_is_named():
    assert trying._name(torch.device("cpu")) == "CPU" and trying._memory_gib(torch.device("cpu")) is None
