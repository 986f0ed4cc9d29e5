"""Pictures of a warm model, against those of an evaluation, to the bit."""

import pytest
import torch

from flowdppo_engine.models.registry import load_model
from flowdppo_engine.playground.adapters import Adapters
from flowdppo_engine.playground.easel import MAX_PROMPTS, Easel
from flowdppo_engine.playground.messages import Adapter

PROMPT = "a red cat"


@pytest.fixture
def easel(painters) -> Easel:
    return Easel(load_model(painters[0].config.model, torch.device("cpu")))


def draw(easel, painter, seed=3, num_steps=4, guidance_scale=1.0, prompt=PROMPT):
    return easel.draw(painter, prompt, seed, num_steps, guidance_scale)


def test_it_is_the_evaluations_picture_to_the_bit(easel, painters, evaluated):
    first, second = painters[1:]
    # There and back: what was at work before leaves no trace.
    for painter, checkpoint in [(first, "step-000002"), (second, "step-000004"), (first, "step-000002")]:
        assert torch.equal(draw(easel, painter), evaluated(checkpoint, PROMPT, [3])[0])
    assert torch.equal(draw(easel, painters[0]), evaluated(None, PROMPT, [3])[0])
    assert not torch.equal(draw(easel, first), draw(easel, second))


def test_steps_and_guidance_are_those_that_were_asked_for(easel, painters, evaluated):
    drawn = draw(easel, painters[2], seed=5, num_steps=7, guidance_scale=2.5)
    assert torch.equal(drawn, evaluated("step-000004", PROMPT, [5], num_denoising_steps=7, guidance_scale=2.5)[0])


def test_a_model_that_drew_another_prompt_draws_the_same(easel, painters):
    before = draw(easel, painters[1])
    for number in range(MAX_PROMPTS + 1):
        easel._encoded(f"{number} dogs")
    assert len(easel._prompts) == MAX_PROMPTS and torch.equal(draw(easel, painters[1]), before)


def test_it_can_be_stopped_before_any_step(easel, painters):
    class Enough(Exception):
        pass

    seen = []

    def on_step(step: int) -> None:
        seen.append(step)
        if step == 2:
            raise Enough

    with pytest.raises(Enough):
        easel.draw(painters[1], PROMPT, 3, 4, 1.0, on_step)
    assert seen == [0, 1, 2]


def test_the_adapters_that_were_used_last_stay(easel, painters):
    adapters, config = Adapters(easel.model, most=2), painters[0].config.lora
    folder = painters[1].adapter.folder
    for key in ("a", "b", "a", "c"):
        adapters.use(config, Adapter(key=key, folder=folder))
    assert len(adapters) == 2 and len(easel.model.transformer.peft_config) == 2
    # Known by its key: its folder may be gone by now.
    adapters.use(config, Adapter(key="a", folder=folder / "gone"))
    with pytest.raises(OSError):
        adapters.use(config, Adapter(key="b", folder=folder / "gone"))


def test_a_lora_that_cannot_be_loaded_leaves_the_model_of_use(easel, painters, tmp_path):
    before = draw(easel, painters[1])
    with pytest.raises(OSError):
        draw(easel, painters[1].model_copy(update={"adapter": Adapter(key="gone", folder=tmp_path)}))
    other_rank = painters[1].config.model_copy(update={"lora": painters[1].config.lora.model_copy(update={"rank": 2})})
    with pytest.raises(ValueError, match="does not fit this model"):
        draw(easel, painters[2].model_copy(update={"config": other_rank}))
    assert torch.equal(draw(easel, painters[1]), before)
    assert len(easel.model.transformer.peft_config) == 1
