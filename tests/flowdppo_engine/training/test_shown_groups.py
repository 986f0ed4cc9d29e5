"""Whole groups that training drew, told with their pictures, advantages and KL, and nothing else changed by it."""

import numpy as np
import pytest
import torch
from PIL import Image

from flowdppo_engine.events import Samples, parse_event
from flowdppo_engine.training import run
from flowdppo_engine.training.improvement import Improvement
from flowdppo_engine.training.iteration import Iteration
from flowdppo_engine.training.processes import Processes
from flowdppo_engine.training.shown_groups import ShownGroups
from flowdppo_engine.training.state import TrainState
from tests.flowdppo_engine.brightness import brightness_suite
from tests.flowdppo_engine.training.run_folder import facts

SIZE = 4


class Listener:
    """A reporter that keeps what it is told."""

    def __init__(self):
        self.told = []

    def emit(self, event):
        self.told.append(event)

    def log(self, level, message):
        self.told.append(message)


@pytest.fixture
def make_iteration(make_config, make_ingredients, tmp_path):
    def make(**changes):
        config = make_config(**changes)
        ingredients, listener = make_ingredients(config), Listener()
        state = TrainState(ingredients.model, config)
        shown = ShownGroups(config, tmp_path)
        return Iteration(config, ingredients, state, listener, shown), listener, ingredients.model

    return make


def trained(make_config, folder, **changes) -> list[Samples]:
    """The rollouts that a run told of."""
    config = make_config(evaluation={"every": 4, "num_prompts": 1}, **changes)
    assert run.train(config, folder, rewards=brightness_suite()) == 0
    events = map(parse_event, (folder / "events.jsonl").read_bytes().splitlines())
    return [event for event in events if isinstance(event, Samples) and not event.are_fixed]


@pytest.fixture
def shown_places(make_config, tmp_path):
    def places(num_shown: int, num_groups: int, rank: int = 0, count: int = 1) -> list[int]:
        rollout = {"groups_per_iteration": num_groups, "group_size": SIZE, "batch_size": SIZE}
        config = make_config(samples={"rollout_groups": num_shown}, rollout=rollout)
        shown = ShownGroups(config, tmp_path, Processes(rank, count))
        return [(shown.first_row + row) // SIZE for row in shown.rows.tolist()[::SIZE]]

    return places


def test_groups_are_spread_over_the_rollout_and_shared_by_processes(shown_places):
    assert shown_places(1, 6) == [0]
    assert shown_places(2, 6) == [0, 3]
    assert shown_places(4, 6) == [0, 1, 3, 4]
    assert shown_places(9, 6) == [0, 1, 2, 3, 4, 5]
    assert [shown_places(4, 6, rank, 3) for rank in range(3)] == [[0, 1], [3], [4]]
    assert [shown_places(1, 6, rank, 2) for rank in range(2)] == [[0], []]


def test_they_come_whole_at_the_iterations_of_samples_with_their_pictures_and_advantages(make_config, tmp_path):
    told = trained(make_config, tmp_path / "run", samples={"every": 3, "rollout_groups": 2})
    assert [(event.iteration, event.step) for event in told] == [(3, 6), (4, 8)]
    for event in told:
        assert [sample.index for sample in event.samples] == [0, 1, 2, 3, 8, 9, 10, 11]
        assert [sample.group for sample in event.samples] == [0, 0, 0, 0, 2, 2, 2, 2]
        assert {(sample.kind, sample.seed) for sample in event.samples} == {("rollout", 7)}
        for group in (event.samples[:SIZE], event.samples[SIZE:]):
            assert len({sample.prompt for sample in group}) == 1
            rewards = np.array([sample.rewards["brightness"] for sample in group])
            expected = (rewards - rewards.mean()) / (rewards.std() + 1e-4)
            np.testing.assert_allclose([sample.advantage for sample in group], expected, atol=0.05)
        for sample in event.samples:
            assert sample.path == f"samples/iteration-{event.iteration:06d}/{sample.index:04d}.png"
            with Image.open(tmp_path / "run" / sample.path) as image:
                brightness = np.asarray(image, dtype=np.float64).mean() / 255
            assert brightness == pytest.approx(sample.rewards["brightness"], abs=1e-3)


def test_nothing_else_is_changed_by_them(make_config, tmp_path):
    common = {"evaluation": {"prompt_sets": []}, "iterations": 2}
    for name, num_shown in (("with", 4), ("without", 0)):
        config = make_config(samples={"rollout_groups": num_shown}, **common)
        assert run.train(config, tmp_path / name, rewards=brightness_suite()) == 0
    with_them, without = facts(tmp_path / "with"), facts(tmp_path / "without")
    assert {key for key in with_them if key not in without} == {("samples", 2, None, False)}
    assert {key: with_them[key] for key in without} == without


def test_kl_is_that_of_the_policy_that_drew_the_images(make_iteration, monkeypatch):
    measured, measure = [], Improvement.measure_kl

    def spy(self, batch, rows, check):
        measured.append((batch, rows))
        return measure(self, batch, rows, check)

    monkeypatch.setattr(Improvement, "measure_kl", spy)
    # Three images a pass, so that the passes of a group are not of one size.
    changes = {"samples": {"every": 1, "rollout_groups": 2}, "update": {"tile_samples": 6}}
    iteration, listener, model = make_iteration(**changes)
    for _ in range(3):
        iteration.run(lambda: None)
    told = [event for event in listener.told if isinstance(event, Samples)]
    # The first rollout is the base model's own.
    assert [sample.kl for sample in told[0].samples] == [0.0] * 8
    for event, (batch, rows) in zip(told[1:], measured[1:], strict=True):
        expected, sigmas = torch.zeros(len(rows), dtype=torch.float64), batch.denoising.sigmas
        for record in batch.records:
            with torch.no_grad(), model.reference():
                base = model.velocity(record.sample[rows], sigmas[record.step], batch.condition_of(rows))
            distance = (record.velocity[rows].double() - base.double()).square().flatten(1).sum(dim=1)
            step = sigmas[record.step : record.step + 2].double()
            coefficient = batch.denoising.dynamics.velocity_kl_coefficient(*step, sigma_max=sigmas[1].double())
            expected += distance * float(coefficient) / len(batch.records)
        assert [sample.kl for sample in event.samples] == pytest.approx(expected.tolist(), rel=2e-3)
        assert min(sample.kl for sample in event.samples) > 0


@pytest.mark.parametrize(
    "changes",
    [
        {"reference": {"num_logged": 0}},
        {
            "objective": {"name": "diffusion_nft"},
            "rollout": {"dynamics": {"name": "ode"}},
            "trust_region": {"name": "none"},
            "reference": {"measure": "velocity"},
        },
    ],
)
def test_where_no_kl_is_measured_none_is_told(make_iteration, changes):
    iteration, listener, _ = make_iteration(samples={"every": 1}, **changes)
    iteration.run(lambda: None)
    (event,) = listener.told
    assert [sample.kl for sample in event.samples] == [None] * SIZE
    assert sum(sample.advantage for sample in event.samples) == pytest.approx(0, abs=1e-3)


def test_none_are_told_where_none_are_due(make_iteration):
    iteration, listener, _ = make_iteration(samples={"every": 3})
    told = []
    for _ in range(4):
        iteration.run(lambda: None)
        told.append(len(listener.told))
    # The fourth is the last of the run.
    assert told == [0, 0, 1, 2]
