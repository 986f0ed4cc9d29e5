"""How a network is asked: traps that cost a family its ratio of 1, its memory or its digits."""

import pytest
import torch

from flowdppo_engine.models.registry import family_class, load_model
from tests.flowdppo_engine.models.differentiating import SIGMA, with_lora
from tests.flowdppo_engine.models.drawing import PROMPTS, noise
from tests.flowdppo_engine.models.tiny import NAMES, tiny_family

CPU = torch.device("cpu")
# What the network of a family is told of sigma.
TOLD = {"sd3": lambda sigma: 1000 * sigma, "wan": lambda sigma: 1000 * sigma, "z_image": lambda sigma: 1 - sigma}


@pytest.fixture(scope="module", params=NAMES)
def family(request):
    return tiny_family(request.param)


@pytest.fixture(scope="module")
def bf16(family, tmp_path_factory):
    """The model as a run loads it, in bf16, with a LoRA that does something."""
    folder = tmp_path_factory.mktemp(family.name)
    family.make_pipeline().save_pretrained(folder)
    return with_lora(load_model(family.config(source=str(folder), dtype="bfloat16"), CPU))


@pytest.mark.parametrize("sigma", [0.12345678, 0.8577])
def test_the_time_is_told_to_its_last_digit(family, bf16, sigma):
    """DanceGRPO truncates it to an integer; in bf16, 857.7 would be 856 and 0.12345678 two digits."""
    told = []

    def look(module, arguments, keywords):
        told.append(keywords["timestep"] if "timestep" in keywords else arguments[1])

    hook = bf16.transformer.register_forward_pre_hook(look, with_kwargs=True)
    with torch.no_grad():
        bf16.velocity(noise(bf16), torch.tensor(sigma), bf16.encode_prompts(PROMPTS))
    hook.remove()
    expected = TOLD.get(family.name, lambda sigma: sigma)(sigma)
    assert told[0].dtype == torch.float32
    torch.testing.assert_close(told[0], torch.full((len(told[0]),), expected), rtol=3e-7, atol=0)


def test_what_the_network_keeps_in_fp32_stays_there(bf16):
    """Loaded as bf16, or cast to it once more, Wan's time embedding and norms would lose their digits."""
    islands = bf16.transformer._keep_in_fp32_modules or ()
    kept = [p for name, p in bf16.transformer.named_parameters() if set(name.split(".")) & set(islands)]
    assert bool(kept) == bool(islands)
    assert all(parameter.dtype == torch.float32 for parameter in kept)
    assert bf16.dtype == torch.bfloat16


def test_no_dropout_in_the_update(family):
    """One in training mode would give rollout and update different policies: a ratio that is not 1."""
    pipeline = family.make_pipeline()
    dropouts = [part for part in pipeline.transformer.modules() if isinstance(part, torch.nn.Dropout)]
    for part in dropouts:
        part.p = 0.5
    model = with_lora(family_class(family.name)(pipeline, family.config()))
    sample, condition = noise(model), model.encode_prompts(PROMPTS)
    once, again = (model.velocity(sample, SIGMA, condition) for _ in range(2))
    assert once.requires_grad and torch.equal(once, again)
    if dropouts:
        model.transformer.train()
        assert not torch.equal(model.velocity(sample, SIGMA, condition), once)


class Kept:
    """Bytes of activations that autograd keeps for the backward pass."""

    def __init__(self):
        self.bytes = 0

    def __enter__(self):
        self._hooks = torch.autograd.graph.saved_tensors_hooks(self._pack, lambda tensor: tensor)
        self._hooks.__enter__()
        return self

    def __exit__(self, *error):
        self._hooks.__exit__(*error)

    def _pack(self, tensor):
        self.bytes += 0 if tensor.is_leaf and not tensor.requires_grad else tensor.nbytes
        return tensor


def kept_bytes(model, scale, unconditional_gradient=False) -> int:
    sample, condition = noise(model), model.encode_prompts(PROMPTS)
    model.velocity(sample, SIGMA, condition, 2.0)
    with Kept() as kept:
        model.velocity(sample, SIGMA, condition, scale, unconditional_gradient)
    return kept.bytes


def test_the_unconditional_pass_keeps_no_activations(family):
    """Detached after a pass of both halves together, as flow_grpo does, it would keep them all."""
    model = with_lora(family.make_model())
    unguided, guided, both = kept_bytes(model, 1.0), kept_bytes(model, 3.0), kept_bytes(model, 3.0, True)
    assert guided < 1.05 * unguided
    assert both > 1.8 * unguided


def test_a_lora_of_a_bf16_network_takes_steps_that_bf16_would_lose(bf16):
    """Beside a weight of 0.2 a step of 1e-6 is nothing in bf16."""
    parameters = list(bf16.trainable_parameters().values())
    before = [parameter.detach().clone() for parameter in parameters]
    optimizer = torch.optim.AdamW(parameters, lr=1e-6, weight_decay=0.0)
    for parameter in parameters:
        parameter.grad = torch.full_like(parameter, 0.3)
    optimizer.step()
    for parameter, old in zip(parameters, before, strict=True):
        torch.testing.assert_close(parameter.detach(), old - 1e-6, rtol=0, atol=1.5e-7)
    assert all(state["exp_avg_sq"].dtype == torch.float32 for state in optimizer.state.values())
