import pytest
import torch

from flowdppo_engine.models.conditions import ConditionStore
from flowdppo_engine.models.registry import load_model
from tests.flowdppo_engine.models.tiny.z_image import FAMILY, make_pipeline

CPU = torch.device("cpu")
SIGMA = torch.tensor(0.7)
SHORT, OTHER, LONG = "a cat", "a red dog", "two birds " * 6


@pytest.fixture(scope="module")
def model():
    return FAMILY.make_model()


def test_velocity_is_the_networks_negated_at_the_time_from_noise_to_data(model):
    sample, condition = torch.randn(1, *model.latent_shape), model.encode_prompts([SHORT])
    with torch.no_grad():
        raw = model.transformer([sample[0].unsqueeze(1)], torch.tensor([0.3]), [condition["embeds"][0]])
        velocity = model.velocity(sample, SIGMA, condition)
    torch.testing.assert_close(velocity[0], -raw.sample[0].squeeze(1), atol=1e-6, rtol=1e-5)


def test_guidance_of_one_is_none_and_grows_from_there(model):
    """The pipeline's own scale starts at 0: `positive + scale * (positive - negative)`."""
    sample, condition = torch.randn(1, *model.latent_shape), model.encode_prompts([SHORT])
    with torch.no_grad():
        positive, negative = (model.velocity(sample, SIGMA, c) for c in (condition, model.encode_prompts([""])))
        guided = model.velocity(sample, SIGMA, condition, guidance_scale=5.0)
    torch.testing.assert_close(guided, positive + 4.0 * (positive - negative), atol=1e-5, rtol=1e-5)
    assert (positive - negative).abs().max() > 1e-4


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_velocity_does_not_depend_on_the_prompts_beside_it(tmp_path, dtype):
    """To the bit: a rollout's batch and an update's hold other prompts, of which some may be longer."""
    make_pipeline().save_pretrained(tmp_path / "model")
    fields = {"source": str(tmp_path / "model"), "resolution": 64, "width": 64, "max_sequence_length": 200}
    model, much_longer = load_model(FAMILY.config(dtype=dtype, **fields), CPU), "two birds " * 14
    store = ConditionStore.encode(model.encode_prompts, [SHORT, OTHER, much_longer], tmp_path)
    sample = torch.randn(4, *model.latent_shape)
    for prompt in (SHORT, much_longer):
        with torch.no_grad():
            beside_short, beside_long = (
                model.velocity(sample, SIGMA, store.get([prompt, prompt, other, other], CPU))[0]
                for other in (OTHER, much_longer)
            )
        assert torch.equal(beside_short, beside_long)
        assert beside_short.std() > 0.1


def test_padding_to_the_longest_prompt_changes_only_rounding(model, tmp_path):
    store = ConditionStore.encode(model.encode_prompts, [SHORT, LONG], tmp_path)
    sample = torch.randn(1, *model.latent_shape)
    with torch.no_grad():
        alone = model.velocity(sample, SIGMA, model.encode_prompts([SHORT]))
        in_a_run = model.velocity(sample, SIGMA, store.get([SHORT], CPU))
    torch.testing.assert_close(alone, in_a_run, atol=1e-5, rtol=1e-5)


def test_prompts_keep_their_own_length(model):
    conditions = model.encode_prompts([SHORT, LONG])
    assert conditions.lengths["embeds"].tolist() == [len(SHORT) + 2, len(LONG) + 2]
    assert torch.equal(conditions["embeds"][0, len(SHORT) + 2 :], torch.zeros(len(LONG) - len(SHORT), 16))


def test_prompts_that_lose_their_end_are_found(model):
    fits, too_long = "a" * 94, "b" * 95
    assert model.find_truncated([fits, too_long]) == [too_long]
