import pytest
import torch

from flowdppo_engine.models.conditions import ConditionStore
from tests.flowdppo_engine.models.drawing import PROMPTS, noise
from tests.flowdppo_engine.models.tiny.qwen_image import FAMILY

CPU, SIGMA = torch.device("cpu"), torch.tensor(0.7)


@pytest.fixture(scope="module")
def model():
    return FAMILY.make_model()


def test_guidance_turns_each_token_and_keeps_its_length(model):
    condition, nothing = model.encode_prompts(PROMPTS), model.encode_prompts([" ", " "])
    with torch.no_grad():
        conditional, unconditional = (model.velocity(noise(model), SIGMA, c).double() for c in (condition, nothing))
        guided = model.velocity(noise(model), SIGMA, condition, 4.0).double()
    direction = 4 * conditional - 3 * unconditional
    torch.testing.assert_close(guided.norm(dim=-1), conditional.norm(dim=-1), atol=1e-5, rtol=1e-5)
    alignment = torch.nn.functional.cosine_similarity(guided, direction, dim=-1)
    torch.testing.assert_close(alignment, torch.ones_like(alignment), atol=1e-6, rtol=0)


def test_a_prompt_is_the_same_beside_a_longer_one(model):
    alone, together = model.encode_prompts(PROMPTS[:1]), model.encode_prompts(PROMPTS)
    length = int(alone.lengths["embeds"])
    assert together.lengths["embeds"].tolist() == [length, length + len(PROMPTS[1]) - len(PROMPTS[0])]
    torch.testing.assert_close(together["embeds"][0, :length], alone["embeds"][0], atol=1e-5, rtol=1e-5)
    assert not together["embeds"][0, length:].any()


def test_padding_does_not_reach_the_velocity(model, tmp_path):
    """The store fills the shorter prompt with zeros, which the mask keeps out."""
    store = ConditionStore.encode(model.encode_prompts, PROMPTS, tmp_path)
    alone, stored = model.encode_prompts(PROMPTS[:1]), store.get(PROMPTS[:1], CPU)
    assert stored["embeds"].shape[1] > alone["embeds"].shape[1]
    sample = noise(model)[:1]
    with torch.no_grad():
        one, other = (model.velocity(sample, SIGMA, condition) for condition in (alone, stored))
    torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


def test_what_the_template_adds_does_not_count_as_the_prompt(model):
    """300 tokens of prompt and of the template's own end, after its beginning is dropped."""
    template, skipped = model.pipeline.prompt_template_encode, model.pipeline.prompt_template_encode_start_idx
    room = 300 + skipped - len(template.format("").encode())
    fits, too_long = "a" * room, "a" * (room + 1)
    assert model.find_truncated([fits, too_long]) == [too_long]
