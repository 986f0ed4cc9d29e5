"""The base model that is committed: what it is, and that there is room for reinforcement learning."""

import json

import numpy as np
import pytest
import torch

from flowdppo_engine.evaluation.evaluator import Evaluator
from flowdppo_engine.models.conditions import ConditionStore
from flowdppo_engine.models.registry import load_model
from flowdppo_engine.models.sd3 import SANDBOX_BASE_MODEL
from flowdppo_engine.prompts import load_prompts
from flowdppo_engine.recipes import load_recipe
from flowdppo_engine.rewards.registry import make_reward_suite
from flowdppo_engine.sandbox.checker import answer_questions
from flowdppo_engine.sandbox.grammar import describe
from flowdppo_engine.sandbox.pretraining.autoencoder import decode_latents, encode_pictures
from flowdppo_engine.sandbox.scenes import counting_scene
from tests.flowdppo_engine.sandbox.drawing import draw


@pytest.fixture(scope="module")
def config():
    return load_recipe("sandbox-flow-dppo")


@pytest.fixture(scope="module")
def model(config):
    return load_model(config.model, torch.device("cpu"))


def test_it_is_small_and_holds_no_pickle():
    files = [path for path in SANDBOX_BASE_MODEL.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 15e6
    assert {path.suffix for path in files} <= {".safetensors", ".json", ".txt"}


def test_it_is_a_stable_diffusion_3_pipeline_without_t5():
    index = json.loads((SANDBOX_BASE_MODEL / "model_index.json").read_text())
    assert index["_class_name"] == "StableDiffusion3Pipeline"
    assert index["transformer"] == ["diffusers", "SD3Transformer2DModel"]
    assert index["text_encoder"] == index["text_encoder_2"] == ["transformers", "CLIPTextModelWithProjection"]
    assert index["text_encoder_3"] == [None, None]


def test_its_manifest_says_how_it_was_made():
    manifest = json.loads((SANDBOX_BASE_MODEL / "manifest.json").read_text())
    assert manifest["minutes"] <= 90
    assert 0 < manifest["plan"]["wrong_counts"] < 1
    assert manifest["checks"][-1]["step"] == manifest["plan"]["flow"]["steps"]


def test_its_autoencoder_keeps_what_the_checker_reads(model):
    rng = np.random.default_rng(31)
    scenes = [counting_scene(rng) for _ in range(128)]
    pictures = draw(scenes)
    restored = decode_latents(model.pipeline.vae, encode_pictures(model.pipeline.vae, pictures))
    answers = np.concatenate(answer_questions(restored, [describe(scene) for scene in scenes]))
    assert (answers > 0.5).mean() > 0.97
    assert (restored - pictures).square().mean() < 1e-3


def test_it_counts_right_about_half_of_the_time_and_draws_cleanly(config, model, tmp_path):
    rewards = make_reward_suite(config, model.device)
    prompts = load_prompts("sandbox:in_domain")[:256]
    store = ConditionStore.encode(model.encode_prompts, [prompt.text for prompt in prompts], tmp_path)
    scores = Evaluator(config, model, rewards, store).score(prompts, lambda done: None)
    assert 30 < scores["sandbox_soft_tifa_gm"].mean < 65
    assert scores["sandbox_picture_quality"].mean > 75
