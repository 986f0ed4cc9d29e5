"""Appendix E, checked by taking the step that it predicts."""

import math

import pytest
import torch

from flowdppo_engine.policy.trust_regions import make_trust_region
from flowdppo_engine.policy.trust_regions.predictive_mask import predict_kl_nats
from tests.flowdppo_engine.policy.movements import measured, movement_of, random_policies

STD = 0.5
LATENT = (4, 6, 6)
DIMS = math.prod(LATENT)


def step_on_the_mean(old, new, noise, advantages, step_size):
    """KL in nats after one ascent step on the mean along the gradient of A r, by autograd in float64."""
    mean, next_sample = new.clone().requires_grad_(), old + STD * noise
    normals = [torch.distributions.Normal(m, STD) for m in (old, mean)]
    log_ratio = (normals[1].log_prob(next_sample) - normals[0].log_prob(next_sample)).sum((1, 2, 3))
    (gradient,) = torch.autograd.grad((advantages.double() * log_ratio.exp()).sum(), mean)
    after = new + step_size * gradient
    return (after - old).square().sum((1, 2, 3)) / (2 * STD**2)


@pytest.mark.parametrize("step_size", [1e-5, 1e-3, 1e-1])
def test_the_predicted_kl_is_the_kl_after_the_step(step_size):
    old, new, noise = random_policies(32, *LATENT, kl_nats=0.1)
    advantages = torch.randn(32, generator=torch.Generator().manual_seed(5))
    predicted = predict_kl_nats(measured(old, new, noise, STD), advantages, step_size)
    exact = step_on_the_mean(old, new, noise, advantages, step_size)
    torch.testing.assert_close(predicted.double(), exact, rtol=1e-4, atol=0)
    assert (exact - 0.1).abs().max() > 1e-6


def test_the_step_of_the_loss_is_the_latent_size_times_as_long():
    """What the docstring says of eta: a step of the mean-reduced loss, eta * D long, goes about as far."""
    old, new, noise = random_policies(32, *LATENT, kl_nats=1e-4)
    advantages = torch.randn(32, generator=torch.Generator().manual_seed(5))
    step_size = 1e-2
    mean = new.clone().requires_grad_()
    loss = make_trust_region("none")(measured(old, mean, noise, STD), advantages).loss
    (gradient,) = torch.autograd.grad(loss.sum(), mean)
    after = new - step_size * DIMS * gradient
    exact = (after - old).square().sum((1, 2, 3)) / (2 * STD**2)
    predicted = predict_kl_nats(measured(old, new, noise, STD), advantages, step_size)
    torch.testing.assert_close(predicted.double(), exact, rtol=0.1, atol=1e-6)


def test_full_keeps_what_stays_within_the_threshold_after_the_step():
    old, new, noise = random_policies(200, *LATENT, kl_nats=0.1)
    advantages = torch.randn(200, generator=torch.Generator().manual_seed(5))
    region = make_trust_region("predictive_mask", threshold=0.1 / DIMS, order="full", step_size=1e-3)
    output = region(measured(old, new, noise, STD), advantages)
    exact = step_on_the_mean(old, new, noise, advantages, 1e-3)
    assert torch.equal(output.keep, exact <= 0.1)
    assert 0.2 < float(output.metrics["masked_fraction"]) < 0.8
    assert output.metrics["over_threshold_fraction"] == output.metrics["masked_fraction"]


def test_full_blocks_inside_the_ball_what_would_leave_it():
    """The other masks look at where the policy is; this one at where it would be."""
    movement = movement_of(0.0, 0.0, residual=1.0, std=1.0, num_latent_dims=64)
    # From no movement, eta = 0.1 and A = 1 lead to 0.1^2 * 64 / 2 = 0.32 nats.
    for threshold, keep in ((0.33, True), (0.31, False)):
        region = make_trust_region("predictive_mask", threshold=threshold / 64, order="full", step_size=0.1)
        assert bool(region(movement, torch.ones(1)).keep) is keep


def test_first_blocks_what_raises_the_kl_to_first_order():
    old, new, noise = random_policies(400, *LATENT, kl_nats=0.5)
    advantages = torch.randn(400, generator=torch.Generator().manual_seed(5))
    region = make_trust_region("predictive_mask", threshold=0.4 / DIMS)
    movement = measured(old, new, noise, STD)
    output = region(movement, advantages)
    raises = step_on_the_mean(old, new, noise, advantages, 1e-7) > 0.5
    assert torch.equal(output.keep, ~raises)
    # At half a nat the sign of log r says something else for every sample with 0 < log r < KL.
    between = (movement.log_ratio > 0) & (movement.log_ratio < movement.kl)
    plain = make_trust_region("divergence_mask", threshold=0.4 / DIMS)(movement, advantages)
    assert between.any() and torch.equal(output.keep != plain.keep, between)


def test_first_keeps_everything_inside_the_ball():
    movement = movement_of([1e-3, -1e-3], 0.9e-6)
    assert make_trust_region("predictive_mask", threshold=1e-6)(movement, torch.tensor([1.0, -1.0])).keep.all()


def test_with_a_small_kl_first_is_the_plain_mask():
    old, new, noise = random_policies(200, *LATENT, kl_nats=1e-8)
    advantages = torch.randn(200, generator=torch.Generator().manual_seed(5))
    movement = measured(old, new, noise, STD)
    masks = [make_trust_region(name, threshold=1e-12) for name in ("predictive_mask", "divergence_mask")]
    keeps = [mask(movement, advantages).keep for mask in masks]
    assert torch.equal(*keeps) and 0.3 < float(keeps[0].float().mean()) < 0.7
