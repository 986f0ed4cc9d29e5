"""Wan in small from the first prompt to the last sample: nothing between knows how many axes a latent has."""

import math

import pytest
from PIL import Image
from safetensors.torch import load_file

from flowdppo_engine.evaluation.policy import load_policy, score_policy
from flowdppo_engine.events import parse_event
from flowdppo_engine.training import run
from tests.flowdppo_engine.models.tiny.wan import FAMILY, make_pipeline
from tests.flowdppo_engine.tiny_run import tiny_config

NUM_FRAMES = 5
NUM_LATENT_DIMS = 16 * 2 * 2 * 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny_wan")
    make_pipeline().save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def make_config(folder, prompts_file):
    model = {"family": "wan", **FAMILY.fields}
    rewards = [{"name": "jpeg_compressibility", "frames": {"num_frames": NUM_FRAMES}}]
    return lambda **changes: tiny_config(folder, prompts_file, **{"model": model, "rewards": rewards, **changes})


@pytest.fixture(scope="module")
def trained(make_config, tmp_path_factory):
    """A run of three iterations: its exit code, its folder, its events."""
    config = make_config(iterations=3, rollout={"schedule": "pipeline", "guidance_scale": 3.0}, optimizer={"lr": 5e-2})
    folder = tmp_path_factory.mktemp("video") / "run"
    code = run.train(config, folder)
    events = [parse_event(line) for line in (folder / "events.jsonl").read_bytes().splitlines()]
    return code, folder, events


def of_type(events, kind):
    return [event for event in events if event.type == kind]


def test_a_run_on_videos_ends_well_and_moves_the_policy(trained):
    code, _, events = trained
    assert code == 0, of_type(events, "failed")
    assert of_type(events, "started")[0].num_latent_dims == NUM_LATENT_DIMS
    first, *_, last = of_type(events, "metrics")
    assert all(math.isfinite(value) for value in last.values.values())
    assert first.values["reward/std"] > 0
    assert last.values["kl/reference_mean"] > 0


def test_divergences_run_over_every_axis_of_a_video(trained):
    *_, last = of_type(trained[2], "metrics")
    for kind in ("kl/reference", "kl/old"):
        assert last.values[f"{kind}_nats"] == pytest.approx(NUM_LATENT_DIMS * last.values[f"{kind}_mean"], rel=1e-3)


def test_samples_are_videos_with_their_scores(trained):
    _, folder, events = trained
    samples = [sample for event in of_type(events, "samples") for sample in event.samples]
    assert samples
    for sample in samples:
        assert sample.path.endswith(".webp")
        with Image.open(folder / sample.path) as video:
            assert video.n_frames == NUM_FRAMES and video.size == (32, 16)
        assert sample.rewards["jpeg_compressibility"] < 0


def test_the_checkpoint_is_a_lora_of_the_video_network(trained):
    _, folder, events = trained
    weights = load_file(folder / of_type(events, "checkpoint")[-1].path / "pytorch_lora_weights.safetensors")
    layers = {name.split(".lora_")[0] for name in weights}
    attention = {"to_q", "to_k", "to_v", "to_out.0"}
    assert layers == {
        f"transformer.blocks.{block}.attn{number}.{layer}"
        for block in range(2) for number in (1, 2) for layer in attention
    }  # fmt: skip
    assert any(tensor.abs().max() > 0 for name, tensor in weights.items() if "lora_B" in name)


def test_the_policy_read_back_scores_as_the_runs_last_evaluation(trained, prompts_file):
    _, folder, events = trained
    before, *_, said = (event.scores["jpeg_compressibility"] for event in of_type(events, "evaluation"))
    read_back = score_policy(load_policy(str(folder)), str(prompts_file))["jpeg_compressibility"]
    assert read_back.per_prompt == pytest.approx(said.per_prompt, abs=2e-4)
    assert before.per_prompt != pytest.approx(said.per_prompt, abs=2e-4)
