import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler

from flowdppo_engine.config import ModelConfig
from flowdppo_engine.errors import BadConfig, ModelNotFound
from flowdppo_engine.models import sd3
from flowdppo_engine.models.registry import load_model
from flowdppo_engine.policy.schedules import make_sigmas
from tests.flowdppo_engine.models.drawing import pipelines_drawing
from tests.flowdppo_engine.models.tiny.sd3 import FAMILY

CPU = torch.device("cpu")


def test_without_t5_the_prompt_ends_where_clip_stops_reading(tiny_model):
    window = tiny_model.pipeline.tokenizer_max_length - 2
    fits, too_long = "a" * window, "b" * (window + 1)
    assert tiny_model.find_truncated([fits, too_long]) == [too_long]
    one = tiny_model.encode_prompts([too_long])
    assert torch.equal(one["embeds"], tiny_model.encode_prompts([too_long + " and more"])["embeds"])


def test_the_pipelines_grid_is_the_one_that_shifts_twice(tiny_model):
    for num_steps in (1, 2, 10, 40):
        expected = make_sigmas("diffusers", num_steps, shift=3.0)
        torch.testing.assert_close(torch.tensor([*tiny_model.sigmas(num_steps), 0.0]), expected, atol=1e-6, rtol=0)


def test_a_scheduler_may_shift_by_the_size_of_the_image():
    model = FAMILY.make_model()
    still = model.sigmas(4)
    model.pipeline.scheduler = FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True)
    shifting = model.sigmas(4)
    pipelines_drawing(FAMILY, model.pipeline, model)
    assert torch.equal(torch.tensor([*shifting, 0.0]), model.pipeline.scheduler.sigmas)
    assert shifting[0] == 1.0 and shifting[1:] != still[1:]


def test_resolution_beyond_the_networks_positions_is_refused(tiny_folder):
    load_model(ModelConfig(source=str(tiny_folder), resolution=32), CPU)
    with pytest.raises(BadConfig, match="model.resolution = 40 does not fit this model: .* multiple of 4, at most 32"):
        load_model(ModelConfig(source=str(tiny_folder), resolution=40), CPU)
    with pytest.raises(BadConfig, match="model.width = 40 does not fit this model"):
        load_model(ModelConfig(source=str(tiny_folder), resolution=16, width=40), CPU)


def test_a_missing_sandbox_says_how_to_make_it(monkeypatch, tmp_path):
    monkeypatch.setattr(sd3, "SANDBOX_BASE_MODEL", tmp_path / "base_model")
    with pytest.raises(ModelNotFound, match="sandbox's base model is missing: .* Run `pretrain-sandbox`"):
        load_model(ModelConfig(source="sandbox"), CPU)
