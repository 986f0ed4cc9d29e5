"""GRPO-Guard's RatioNorm: what it removes, and its loss in double precision."""

import math

import pytest
import torch

from flowdppo_engine.policy.dynamics import make_dynamics
from flowdppo_engine.policy.movement import measure_movement
from flowdppo_engine.policy.trust_regions import make_trust_region
from flowdppo_engine.policy.trust_regions.ratio_norm_clip import normalised_log_ratio
from tests.flowdppo_engine.policy.movements import measured, random_policies

SIZE = 4 * 5 * 5


@pytest.mark.parametrize("std", [0.3, 0.9])
def test_the_normalised_log_ratio_is_the_mean_of_noise_times_shift(std):
    old, new, noise = random_policies(16, 4, 5, 5, kl_nats=2.0, std=std)
    expected = (noise * (new - old)).mean((1, 2, 3))
    given = normalised_log_ratio(measured(old, new, noise, std))
    torch.testing.assert_close(given.double(), expected, rtol=1e-3, atol=1e-6)


def test_its_mean_is_zero_where_that_of_the_log_ratio_is_minus_kl():
    """Monte-Carlo: the shift to the left that GRPO-Guard names is gone."""
    num, dims, kl, std = 100_000, 16, 0.5, 0.5
    old, new, noise = random_policies(num, dims, kl_nats=kl, std=std)
    movement = measured(old, new, noise, std)
    tolerance = 5 * math.sqrt(2 * kl / num)
    assert float(movement.log_ratio_nats.mean()) == pytest.approx(-kl, abs=tolerance)
    normalised = normalised_log_ratio(movement) * dims / std
    assert float(normalised.mean()) == pytest.approx(0, abs=tolerance)
    assert float(normalised.var()) == pytest.approx(2 * kl, rel=5 * math.sqrt(2 / num))


@pytest.mark.parametrize("name", ["flow_sde", "dance_sde", "cps"])
@pytest.mark.parametrize("dt_weight", [True, False])
def test_loss_and_gradient_are_guards_for_every_sde(name, dt_weight):
    """From velocities to the clipped loss, derived again in float64 with the log-densities themselves."""
    sigma, after, clip_range = 0.8, 0.7, 2e-4
    dynamics = make_dynamics(name, noise_level=0.6)
    generator = torch.Generator().manual_seed(3)
    sample, old_velocity, change, noise = torch.randn(4, 256, 4, 5, 5, generator=generator)
    new_velocity = (old_velocity + 0.05 * change).requires_grad_()
    advantages = torch.randn(256, generator=generator)
    old = dynamics.transition(old_velocity, sample, sigma, after)
    new = dynamics.transition(new_velocity, sample, sigma, after)
    next_sample = old.sample(noise)
    region = make_trust_region("ratio_norm_clip", clip_range=clip_range, dt_weight=dt_weight)
    movement = measure_movement(old, new, next_sample, old_velocity, new_velocity, sigma - after)
    output = region(movement, advantages)
    (gradient,) = torch.autograd.grad(output.loss.sum(), new_velocity)

    on_sample, on_velocity, std = dynamics.coefficients(sigma, after)
    velocity = new_velocity.detach().double().requires_grad_()
    old_mean = on_sample * sample.double() + on_velocity * old_velocity.double()
    mean = on_sample * sample.double() + on_velocity * velocity
    log_densities = [-((next_sample.double() - m) ** 2).mean((1, 2, 3)) / (2 * std**2) for m in (old_mean, mean)]
    bias = ((mean - old_mean) ** 2).mean((1, 2, 3)) / (2 * std**2)
    ratio = ((log_densities[1] - log_densities[0] + bias) * std).exp()
    a = advantages.double()
    expected = torch.maximum(-a * ratio, -a * ratio.clamp(1 - clip_range, 1 + clip_range))
    expected = expected / (sigma - after) if dt_weight else expected
    (expected_gradient,) = torch.autograd.grad(expected.sum(), velocity)

    torch.testing.assert_close(output.loss.double(), expected, rtol=1e-5, atol=0)
    torch.testing.assert_close(gradient.double(), expected_gradient, rtol=1e-3, atol=1e-8)
    assert torch.equal(output.keep, expected_gradient.abs().sum((1, 2, 3)) > 0)
    assert 0.05 < float(output.metrics["masked_fraction"]) < 0.95
