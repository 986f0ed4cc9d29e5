"""Evaluations of checkpoints in this process, on the tiny model and its six prompts."""

import numpy as np
import pytest
import torch
from PIL import Image
from pydantic import ValidationError

from flowdppo_engine.evaluation.drift import KL, measure_drift
from flowdppo_engine.evaluation.pictures import initial_noise
from flowdppo_engine.jobs import studio
from flowdppo_engine.jobs.specs import EvaluateJob
from flowdppo_engine.training import checkpoints
from flowdppo_engine.training.grids import Grids
from tests.flowdppo_engine.jobs.folders import of_type, work
from tests.flowdppo_engine.tiny_run import PROMPTS

SEEDS = (3, 5)


def make_checkpoint(make_model, config, folder, size: float):
    """A policy that has moved from the base model by `size`; returns it."""
    model = make_model()
    model.add_lora(config.lora, seed=0)
    generator = torch.Generator().manual_seed(1)
    for parameter in model.trainable_parameters().values():
        parameter.data += size * torch.randn(parameter.shape, generator=generator)
    checkpoints.write(folder, model.save_lora)
    return model


@pytest.fixture
def config(make_config):
    rewards = [{"name": "sandbox_picture_quality", "weight": 1}, {"name": "jpeg_compressibility", "weight": 0}]
    return make_config(rewards=rewards, evaluation={"num_drift_prompts": 2, "batch_size": 4})


@pytest.fixture
def evaluated(config, make_model, tmp_path):
    """The job, what its checkpoint's policy is, and the events of an undisturbed start."""
    model = make_checkpoint(make_model, config, tmp_path / "checkpoints" / "step-000004", 0.05)
    place = {"iteration": 2, "step": 4, "folder": "checkpoints/step-000004"}
    job = EvaluateJob(config=config, checkpoints=[place], seeds=SEEDS)
    code, events = work("evaluate", job, tmp_path)
    assert code == 0 and events[-1].type == "finished"
    return job, model, events


def drawings_of(events, iteration):
    return [one for event in of_type(events, "drawn") if event.iteration == iteration for one in event.drawings]


def test_each_policy_draws_every_prompt_with_every_seed(evaluated, tmp_path):
    _, _, events = evaluated
    for iteration in (0, 2):
        drawn = drawings_of(events, iteration)
        assert [(one.index, one.prompt, one.seed) for one in drawn] == [
            (place, PROMPTS[place // 2], SEEDS[place % 2]) for place in range(8)
        ]
        assert all((tmp_path / one.path).is_file() for one in drawn)
        assert all(one.rewards.keys() == {"sandbox_picture_quality", "jpeg_compressibility"} for one in drawn)
    first, second = (Image.open(tmp_path / drawings_of(events, at)[0].path) for at in (0, 2))
    assert first.tobytes() != second.tobytes()


def test_the_kl_is_that_of_the_drift_on_the_same_noise(evaluated, config):
    _, model, events = evaluated
    drawn = drawings_of(events, 2)
    noise = torch.cat([initial_noise(model, one.seed) for one in drawn[:4]])
    conditions = model.encode_prompts([one.prompt for one in drawn[:4]])
    drift = measure_drift(model, Grids(config, model).evaluation(), noise, conditions)
    assert [one.kl for one in drawn[:4]] == pytest.approx(drift[KL].tolist(), rel=1e-4)
    assert [one.kl for one in drawn[4:]] == [None] * 4
    assert [one.kl for one in drawings_of(events, 0)] == [0.0] * 4 + [None] * 4


def test_means_intervals_and_differences_are_over_prompts(evaluated):
    _, _, events = evaluated
    base, trained = of_type(events, "evaluation")
    assert (base.iteration, base.difference, trained.iteration, trained.step) == (0, {}, 2, 4)
    assert base.num_prompts == trained.num_prompts == 4
    name = "jpeg_compressibility"
    values = {
        at: np.array([one.rewards[name] for one in drawings_of(events, at)], dtype=np.float64).reshape(4, 2)
        for at in (0, 2)
    }
    score = trained.scores[name]
    assert score.mean == pytest.approx(values[2].mean())
    # The variance that is robust to clusters: sums of each cluster's residuals, with G / (G - 1).
    residuals = (values[2] - values[2].mean()).sum(axis=1)
    error = np.sqrt(4 / 3 * (residuals**2).sum()) / values[2].size
    assert score.high - score.mean == pytest.approx(1.959964 * error, rel=1e-5)
    difference = trained.difference[name]
    by_prompt = (values[2] - values[0]).mean(axis=1)
    assert difference.mean == pytest.approx(by_prompt.mean(), abs=1e-9)
    assert by_prompt.min() - 1e-9 <= difference.low <= difference.mean <= difference.high <= by_prompt.max() + 1e-9
    assert trained.scores[KL].mean > 0 and base.scores[KL].mean == 0 and KL not in trained.difference


def test_diversity_is_the_distance_of_a_prompts_pictures(evaluated, tmp_path):
    _, _, events = evaluated
    trained = of_type(events, "evaluation")[1]
    pixels = [np.asarray(Image.open(tmp_path / one.path), dtype=np.float64) / 255 for one in drawings_of(events, 2)]
    # At 16 x 16 pixels nothing is averaged away; the files are rounded to a byte.
    distances = [np.sqrt(((pixels[i] - pixels[i + 1]) ** 2).mean()) for i in range(0, 8, 2)]
    spread = trained.scores["diversity/pixel_rms"]
    assert spread.per_prompt == pytest.approx(distances, abs=2e-3)
    assert "diversity/pixel_rms" in trained.difference


def test_one_picture_of_a_prompt_has_no_diversity(config, tmp_path):
    code, events = work("evaluate", EvaluateJob(config=config), tmp_path)
    (base,) = of_type(events, "evaluation")
    assert code == 0 and "diversity/pixel_rms" not in base.scores
    assert all(event.spread == [] for event in of_type(events, "drawn"))


def test_a_second_start_tells_nothing_twice(evaluated, tmp_path, monkeypatch):
    job, _, events = evaluated
    monkeypatch.setattr(studio, "load_model", lambda *_: pytest.fail("there is nothing left to draw"))
    assert work("evaluate", job, tmp_path) == (0, events)


@pytest.mark.parametrize("num_told", [1, 3, 5])
def test_a_start_after_a_death_does_what_is_left_and_comes_to_the_same(evaluated, tmp_path, monkeypatch, num_told):
    """Where it died in the base model's pictures, before the checkpoint's, and in the midst of those."""
    job, _, whole = evaluated
    places = [place for place, event in enumerate(whole) if event.type in ("drawn", "evaluation")]
    lines = (tmp_path / "events.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "events.jsonl").write_bytes(b"".join(lines[: places[num_told - 1] + 1]) + b'{"type": "dra')
    asked, draw = [], studio.Studio.draw
    monkeypatch.setattr(
        studio.Studio, "draw", lambda self, wanted, **how: asked.append(len(wanted)) or draw(self, wanted, **how)
    )
    code, events = work("evaluate", job, tmp_path)
    told = [event for event in whole[: places[num_told - 1] + 1] if event.type == "drawn"]
    assert code == 0 and sum(asked) == 16 - sum(len(event.drawings) for event in told)

    def content(some):
        return [event.model_dump(exclude={"seq", "time"}) for event in some if event.type in ("drawn", "evaluation")]

    assert content(events) == content(whole)


def test_progress_counts_pictures(evaluated):
    _, _, events = evaluated
    phases = of_type(events, "phase")
    assert [phase.phase for phase in phases][:3] == ["load", "encode", "evaluate"]
    assert (phases[2].done, phases[2].total, phases[2].unit) == (0, 16, "pictures")


def test_a_damaged_checkpoint_is_named(config, make_model, tmp_path):
    folder = tmp_path / "checkpoints" / "step-000004"
    make_checkpoint(make_model, config, folder, 0.05)
    (folder / "pytorch_lora_weights.safetensors").write_bytes(b"other")
    place = {"iteration": 2, "step": 4, "folder": "checkpoints/step-000004"}
    code, events = work("evaluate", EvaluateJob(config=config, checkpoints=[place]), tmp_path)
    assert code == 2 and events[-1].deterministic
    assert "checkpoint step-000004 cannot be drawn with: pytorch_lora_weights.safetensors" in events[-1].error


def test_a_set_that_is_missing_is_said_before_anything_is_loaded(config, tmp_path):
    evaluation = config.evaluation.model_copy(update={"prompt_sets": ("/no/such.txt",)})
    job = EvaluateJob(config=config.model_copy(update={"evaluation": evaluation}))
    code, events = work("evaluate", job, tmp_path)
    assert code == 2 and [event.type for event in events] == ["failed"]
    assert "prompt set '/no/such.txt' was not found" in events[0].error


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seeds": [1, 1]}, r"seeds = \[1, 1\]"),
        ({"seeds": []}, "at least 1 item"),
        ({"checkpoints": [{"iteration": 2, "step": 4, "folder": "../other"}]}, "not in the job's folder"),
        ({"checkpoints": [{"iteration": 2, "step": 4, "folder": "a"}] * 2}, r"checkpoints = \[2, 2\]"),
    ],
)
def test_what_does_not_fit_is_refused(config, changes, message):
    with pytest.raises(ValidationError, match=message):
        EvaluateJob(config=config, **changes)
