"""The points of a grid, each checked in the engine's own words."""

import pytest

from runs import config_errors
from sweeps.axes import AxesInvalid, Axis
from sweeps.points import labels_of, name_of, points_of
from tests.platform.lab import CONFIG
from tests.platform.sweeps.conftest import RANKS, RATES


def test_every_combination_is_a_point():
    points = points_of(CONFIG, [RATES, RANKS], num_seeds=1)
    assert [tuple(point.values.values()) for point in points] == [(1e-5, 8), (1e-5, 16), (1e-4, 8), (1e-4, 16)]
    assert [(point.config.optimizer.lr, point.config.lora.rank) for point in points] == [
        tuple(point.values.values()) for point in points
    ]
    assert [point.place for point in points] == [0, 1, 2, 3]


def test_without_an_axis_there_is_one_point():
    (point,) = points_of(CONFIG, [], num_seeds=3)
    assert (point.values, point.config.model_dump(mode="json")) == ({}, CONFIG)


def test_a_point_that_cannot_run_says_why_once():
    axes = [Axis("rollout.dynamics.name", ("flow_sde", "cps")), Axis("rollout.dynamics.noise_level", (0.5, 1.5))]
    problems = [point.problems for point in points_of(CONFIG, axes, 1)]
    message = "rollout.dynamics.noise_level = 1.5 is past the end of CPS: give at most 1."
    assert problems == [(), (), (), (message,)]
    (bad,) = points_of(CONFIG, [Axis("lora.rank", ("many",))], 1)
    assert bad.problems == ("“many” does not fit: give a whole number from 1 to 512.",) and bad.config is None


def test_a_choice_is_made_before_its_knobs_are_set():
    axes = [Axis("trust_region.clip_range", (0.1, 0.2)), Axis("trust_region", ("ratio_clip", "divergence_mask"))]
    points = points_of(CONFIG, axes, 1)
    assert [point.config and point.config.trust_region.clip_range for point in points] == [0.1, None, 0.2, None]
    assert points[1].problems == ("There is no knob trust_region.divergence_mask.clip_range: remove it.",)


def test_a_choice_that_stays_keeps_its_block_and_another_starts_with_defaults():
    data = CONFIG | {"trust_region": {"name": "ratio_clip", "clip_range": 0.3}}
    kept, other = points_of(data, [Axis("trust_region", ("ratio_clip", "none"))], 1)
    assert kept.config.trust_region.clip_range == 0.3
    assert other.config.trust_region.model_dump() == {"name": "none"}


def test_an_axis_without_a_knob_is_refused():
    with pytest.raises(AxesInvalid, match="There is no knob lora.rnak"):
        points_of(CONFIG, [Axis("lora.rnak", (1,))], 1)


def test_points_that_come_to_the_same_are_told():
    axes = [Axis("lora.rank", (8,)), Axis("ema.decay", (0.5, "0.50"))]
    assert [bool(point.problems) for point in points_of(CONFIG, axes, 1)] == [False, True]


def test_too_many_runs_are_refused_before_anything_is_checked(monkeypatch):
    monkeypatch.setattr(config_errors.ConfigCheck, "__call__", lambda *_: pytest.fail("It was checked."))
    axes = [Axis("lora.rank", tuple(range(1, 101)))]
    with pytest.raises(AxesInvalid, match="100 × 6 seeds make 600 runs: a sweep has at most 500"):
        points_of(CONFIG, axes, num_seeds=6)


def test_prompt_sets_are_read_once_however_many_points_there_are(monkeypatch):
    asked = []
    monkeypatch.setattr(config_errors, "find_prompt_problems", lambda config: asked.append(config) or [])
    points_of(CONFIG, [RATES, RANKS], 1)
    assert len(asked) == 1


def test_names_are_what_differs():
    labels = labels_of(["optimizer.lr", "lora.rank"], CONFIG)
    assert name_of({"optimizer.lr": 1e-5, "lora.rank": 8}, labels, 2) == "Learning rate 1e-5, rank 8, seed 2"
    assert name_of({}, {}, 2) == "Seed 2"
    assert name_of({"optimizer.lr": 1e-5}, labels, None) == "Learning rate 1e-5"
    long = name_of({"model.source": "x" * 300}, {"model.source": "Source"}, 7)
    assert len(long) <= 120 and long.endswith(", seed 7")


def test_knobs_of_one_name_are_told_apart():
    labels = labels_of(["rewards.0.weight", "rewards.1.weight", "no.longer"], CONFIG)
    assert labels == {name: name for name in ("rewards.0.weight", "rewards.1.weight", "no.longer")}
