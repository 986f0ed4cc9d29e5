"""A LoRA that does something, and gradients of it."""

import torch

from flowdppo_engine.config import LoraConfig
from flowdppo_engine.models.pipeline_model import PipelineModel

SIGMA = torch.tensor(0.7)
# Another alpha than the rank, and than twice the rank: whoever guesses it draws another picture.
LORA = LoraConfig(rank=4, alpha=12)


def with_lora(model: PipelineModel) -> PipelineModel:
    model.add_lora(LORA, seed=0)
    generator = torch.Generator().manual_seed(1)
    for parameter in model.trainable_parameters().values():
        parameter.data.normal_(std=0.2, generator=generator)
    return model


def gradients(model: PipelineModel, velocity: torch.Tensor, keep_graph: bool = False) -> dict[str, torch.Tensor]:
    """Of a loss that weighs each element differently; zeros where it does not depend on the parameter."""
    parameters = model.trainable_parameters()
    weights = torch.randn(velocity.shape, generator=torch.Generator().manual_seed(2))
    grads = torch.autograd.grad(
        (velocity.float() * weights).sum(), parameters.values(), retain_graph=keep_graph, allow_unused=True
    )
    pairs = zip(parameters.items(), grads, strict=True)
    return {name: torch.zeros_like(value) if grad is None else grad for (name, value), grad in pairs}


def assert_same_gradients(one, other, **tolerance):
    assert one.keys() == other.keys()
    for name in one:
        torch.testing.assert_close(one[name], other[name], msg=lambda text, name=name: f"{name}: {text}", **tolerance)
