import pytest
import torch

from flowdppo_engine.config import LoraConfig, ModelConfig
from flowdppo_engine.errors import BadConfig
from flowdppo_engine.models.registry import load_model
from tests.flowdppo_engine.tiny_sd3 import LATENT_SHAPE

LORA = LoraConfig(rank=4, alpha=8)
SIGMA = torch.tensor(0.7)


def test_its_start_depends_on_its_seed_alone(make_model):
    def start(seed: int) -> list[torch.Tensor]:
        model = make_model()
        torch.rand(seed + 1)
        model.add_lora(LORA, seed)
        return list(model.trainable_parameters().values())

    assert all(map(torch.equal, start(1), start(1)))
    assert not all(map(torch.equal, start(1), start(2)))


def test_adding_it_leaves_the_global_generator_alone(tiny_model):
    before = torch.random.get_rng_state()
    tiny_model.add_lora(LORA, seed=3)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_it_is_fp32_on_a_bf16_model(tiny_folder):
    model = load_model(ModelConfig(source=str(tiny_folder), resolution=16, dtype="bfloat16"), torch.device("cpu"))
    model.add_lora(LORA, seed=0)
    assert {parameter.dtype for parameter in model.trainable_parameters().values()} == {torch.float32}
    velocity = model.velocity(torch.randn(1, *LATENT_SHAPE), SIGMA, model.encode_prompts(["a tree"]))
    assert velocity.dtype == model.dtype == torch.bfloat16


def test_its_update_is_scaled_by_alpha_over_rank(make_model):
    """W x + (alpha / rank) B A x, for one layer."""
    model = make_model()
    model.add_lora(LoraConfig(rank=2, alpha=5, target_modules=("attn.to_q",)), seed=0)
    layer = model.transformer.transformer_blocks[0].attn.to_q
    down, up = layer.lora_A["default"].weight, layer.lora_B["default"].weight
    torch.nn.init.normal_(up)
    x = torch.randn(3, down.shape[1])
    torch.testing.assert_close(layer(x), layer.base_layer(x) + 5 / 2 * x @ down.T @ up.T)


def test_only_the_named_layers_get_one(tiny_model):
    tiny_model.add_lora(LoraConfig(rank=2, target_modules=("attn.to_q", "proj_out")), seed=0)
    layers = {name.partition(".lora_")[0] for name in tiny_model.trainable_parameters()}
    assert layers == {"transformer_blocks.0.attn.to_q", "transformer_blocks.1.attn.to_q", "proj_out"}


def test_layers_that_do_not_exist_are_refused(tiny_model):
    with pytest.raises(BadConfig, match="no layer of this model has such a name"):
        tiny_model.add_lora(LoraConfig(target_modules=("no_such_layer",)), seed=0)


def test_one_of_another_rank_is_refused(make_model, tmp_path):
    one, other = make_model(), make_model()
    one.add_lora(LORA, seed=0)
    one.save_lora(tmp_path)
    other.add_lora(LoraConfig(rank=2), seed=0)
    with pytest.raises(ValueError, match="does not fit this model"):
        other.load_lora(tmp_path)


def test_an_error_inside_the_reference_does_not_leave_it_off(tiny_model):
    tiny_model.add_lora(LORA, seed=0)
    for parameter in tiny_model.trainable_parameters().values():
        parameter.data.normal_(std=0.3)
    sample, condition = torch.randn(1, *LATENT_SHAPE), tiny_model.encode_prompts(["a tree"])
    with torch.no_grad():
        before = tiny_model.velocity(sample, SIGMA, condition)
        with pytest.raises(KeyError), tiny_model.reference():
            raise KeyError
        assert torch.equal(tiny_model.velocity(sample, SIGMA, condition), before)
    assert all(parameter.requires_grad for parameter in tiny_model.trainable_parameters().values())
