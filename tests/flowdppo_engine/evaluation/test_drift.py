"""Drift against the KL of the same transitions, added up here step by step from their means."""

import pytest
import torch

from flowdppo_engine.evaluation.drift import KL, VELOCITY, measure_drift
from flowdppo_engine.policy.divergence import gaussian_kl_nats
from flowdppo_engine.policy.dynamics import FlowSDE
from flowdppo_engine.policy.schedules import make_sigmas
from flowdppo_engine.training.denoising import Denoising

SIGMAS = make_sigmas("linspace_shift", 5, 3.0)
NUM_IMAGES = 3


@pytest.fixture
def moved(tiny_model, make_config):
    tiny_model.add_lora(make_config().lora, seed=0)
    for parameter in tiny_model.trainable_parameters().values():
        parameter.data += 0.05 * torch.randn_like(parameter)
    return tiny_model


def measure(model, guidance_scale=1.0):
    noise = torch.randn(NUM_IMAGES, *model.latent_shape, generator=torch.Generator().manual_seed(0))
    condition = model.encode_prompts(["a", "b", "c"])
    return noise, condition, measure_drift(model, Denoising(SIGMAS, guidance_scale), noise, condition)


@pytest.mark.parametrize("guidance_scale", [1.0, 3.0])
@torch.no_grad()
def test_kl_is_that_of_the_trajectorys_transitions(moved, guidance_scale):
    sample, condition, drift = measure(moved, guidance_scale)
    kl, distances = torch.zeros(NUM_IMAGES), []
    for step in range(5):
        inputs = sample, SIGMAS[step], condition, guidance_scale
        velocity = moved.velocity(*inputs)
        with moved.reference():
            reference = moved.velocity(*inputs)
        ours, base = (
            FlowSDE(0.8).transition(some, sample, SIGMAS[step], SIGMAS[step + 1], sigma_max=SIGMAS[1])
            for some in (velocity, reference)
        )
        kl += gaussian_kl_nats(base.mean, ours.mean, ours.std)
        distances.append((velocity - reference).square().flatten(1).mean(1))
        sample = sample + (SIGMAS[step + 1] - SIGMAS[step]) * velocity
    torch.testing.assert_close(drift[KL], kl, rtol=1e-4, atol=1e-7)
    torch.testing.assert_close(drift[VELOCITY], torch.stack(distances).mean(0), rtol=1e-4, atol=1e-9)
    assert drift[KL].min() > 0


def test_the_base_model_has_not_drifted(tiny_model, make_config):
    tiny_model.add_lora(make_config().lora, seed=0)
    _, _, drift = measure(tiny_model)
    assert drift[KL].tolist() == drift[VELOCITY].tolist() == [0.0] * NUM_IMAGES
