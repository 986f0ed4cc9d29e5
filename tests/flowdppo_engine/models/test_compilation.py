"""Long, since torch takes its time to compile."""

from functools import partial

import pytest
import torch

from tests.flowdppo_engine.models.differentiating import SIGMA, assert_same_gradients, gradients, with_lora
from tests.flowdppo_engine.models.drawing import PROMPTS, noise
from tests.flowdppo_engine.models.tiny import NAMES, tiny_family

pytestmark = pytest.mark.long


def assert_compiling_changes_nothing(family):
    trained = with_lora(family.make_model())
    compiled = with_lora(family.make_model(compile="regional", gradient_checkpointing=True))
    condition, sample = trained.encode_prompts(PROMPTS), noise(trained)
    velocity, expected = (model.velocity(sample, SIGMA, condition) for model in (compiled, trained))
    assert all(block._compiled_call_impl is not None for block in compiled.repeated_blocks)
    torch.testing.assert_close(velocity, expected, atol=1e-4, rtol=1e-4)
    tolerance = {"atol": 1e-3, "rtol": 1e-3}
    assert_same_gradients(gradients(compiled, velocity), gradients(trained, expected), **tolerance)
    with torch.no_grad(), compiled.reference(), trained.reference():
        reference, expected = (model.velocity(sample, SIGMA, condition) for model in (compiled, trained))
    torch.testing.assert_close(reference, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_blocks_can_be_compiled(name, monkeypatch):
    """Captured and differentiated as for any backend; the one that writes machine code takes minutes."""
    torch.compiler.reset()
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="aot_eager"))
    assert_compiling_changes_nothing(tiny_family(name))


def test_compiled_blocks_give_the_same_velocity_and_gradients():
    torch.compiler.reset()
    assert_compiling_changes_nothing(tiny_family("sd3"))


def test_a_run_does_not_compile_without_end(monkeypatch):
    """All that a run asks of a block (any batch, with and without LoRA, gradient, guidance) is below torch's limit."""
    torch.compiler.reset()
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="aot_eager"))
    model = with_lora(tiny_family("sd3").make_model(compile="regional"))
    conditions, sample = model.encode_prompts(["a cat"] * 4), torch.randn(4, *model.latent_shape)
    with torch._dynamo.config.patch(fail_on_recompile_limit_hit=True):
        for num_rows in (4, 2):
            condition = conditions.take(torch.arange(num_rows))
            gradients(model, model.velocity(sample[:num_rows], SIGMA, condition))
            with torch.no_grad(), model.reference():
                model.velocity(sample[:num_rows], SIGMA, condition, 3.0)
            with torch.no_grad():
                velocity = model.velocity(sample[:num_rows], SIGMA, condition, 3.0)
    assert velocity.isfinite().all()
