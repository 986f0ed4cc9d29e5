import pytest
import torch

from flowdppo_engine.sandbox.pretraining.flow import FlowModel, flow_matching_loss, sample_latents
from flowdppo_engine.sandbox.pretraining.text import build_tokenizer, tokenize


class ConstantVelocity:
    """Stands where the network stands and always answers the same velocity."""

    def __init__(self, velocity: float):
        self.velocity = velocity

    def __call__(self, sample, sigma, ids):
        return torch.full_like(sample, self.velocity)


def test_the_loss_is_the_squared_distance_to_noise_minus_picture():
    latents = torch.full((4096, 4, 8, 8), 2.0)
    ids = torch.zeros(4096, 14, dtype=torch.int64)
    loss = flow_matching_loss(ConstantVelocity(0.5), latents, ids, torch.Generator().manual_seed(0))
    # E (ε − 2 − 0.5)² = 1 + 2.5².
    assert loss.item() == pytest.approx(1 + 2.5**2, rel=0.01)


def test_sampling_follows_the_ode_from_noise_to_picture():
    ids = torch.zeros(3, 14, dtype=torch.int64)
    noise = torch.randn(3, 4, 8, 8, generator=torch.Generator().manual_seed(5))
    drawn = sample_latents(ConstantVelocity(0.25), ids, 7, torch.Generator().manual_seed(5))
    torch.testing.assert_close(drawn, noise - 0.25)


def test_every_weight_learns():
    torch.manual_seed(0)
    tokenizer = build_tokenizer()
    model = FlowModel(tokenizer)
    torch.nn.init.normal_(model.transformer.proj_out.weight)
    latents = torch.randn(8, 4, 8, 8)
    ids = tokenize(tokenizer, ["three red circles and one blue square"] * 8)
    flow_matching_loss(model, latents, ids, torch.Generator().manual_seed(0)).backward()
    silent = [name for name, value in model.transformer.named_parameters() if value.grad is None]
    assert silent == []
    assert model.text_encoder.text_model.embeddings.token_embedding.weight.grad.abs().sum() > 0
