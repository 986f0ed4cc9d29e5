"""The three forms of the reference penalty against their definitions."""

import pytest
import torch

from flowdppo_engine.policy.dynamics import make_dynamics
from flowdppo_engine.policy.reference import reference_penalty

MEASURES = ("transition", "mean", "velocity")


def policies(name, *latent_shape, sigma=0.8, after=0.7, dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    sample, reference_velocity, change = torch.randn(3, 4, *latent_shape, generator=generator)
    velocity = (reference_velocity + 0.1 * change).to(dtype).requires_grad_()
    reference_velocity = reference_velocity.to(dtype)
    dynamics = make_dynamics(name, noise_level=0.7)
    new, reference = (dynamics.transition(v, sample, sigma, after) for v in (velocity, reference_velocity))
    return velocity, reference_velocity, new, reference, dynamics.coefficients(sigma, after)


@pytest.mark.parametrize("name", ["flow_sde", "dance_sde", "cps"])
@pytest.mark.parametrize("latent_shape", [(6, 5), (3, 5, 7), (3, 2, 5, 7)])
def test_each_measure_is_its_definition(name, latent_shape):
    """All three follow from the velocities in float64; the transition's KL has the full std of the sampler."""
    *arguments, coefficients = policies(name, *latent_shape)
    velocity, reference_velocity = (values.detach().double() for values in arguments[:2])
    distance = (velocity - reference_velocity).square().mean(tuple(range(1, velocity.ndim)))
    expected = {
        "transition": distance * coefficients.on_velocity**2 / (2 * coefficients.std**2),
        "mean": distance * coefficients.on_velocity**2,
        "velocity": distance,
    }
    for measure in MEASURES:
        penalty = reference_penalty(measure, *arguments)
        assert penalty.dtype == torch.float32
        torch.testing.assert_close(penalty.detach().double(), expected[measure], rtol=1e-3, atol=0)


@pytest.mark.parametrize("measure", MEASURES)
def test_descending_it_leads_back_to_the_reference(measure):
    """It has a gradient (a KL under no_grad went unnoticed for months elsewhere), and that points the right way."""
    *arguments, coefficients = policies("cps", 3, 5, 7)
    velocity, reference_velocity = arguments[:2]
    (gradient,) = torch.autograd.grad(reference_penalty(measure, *arguments).sum(), velocity)
    weight = {
        "transition": coefficients.on_velocity**2 / coefficients.std**2,
        "mean": 2 * coefficients.on_velocity**2,
        "velocity": 2,
    }[measure]
    expected = weight * (velocity - reference_velocity).detach() / (3 * 5 * 7)
    torch.testing.assert_close(gradient, expected, rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize("measure", MEASURES)
def test_the_reference_has_no_gradient_and_zero_distance_to_itself(measure):
    *arguments, _ = policies("flow_sde", 3, 5, 7)
    reference_velocity = arguments[1].clone().requires_grad_()
    dynamics = make_dynamics("flow_sde", noise_level=0.7)
    reference = dynamics.transition(reference_velocity, torch.zeros(4, 3, 5, 7), 0.8, 0.7)
    reference_penalty(measure, arguments[0], reference_velocity, arguments[2], reference).sum().backward()
    assert reference_velocity.grad is None
    same = reference_penalty(measure, arguments[0], arguments[0], arguments[2], arguments[2])
    assert (same == 0).all()


def test_a_small_divergence_of_bf16_velocities_is_not_lost():
    """Means cast to bf16 read 0 or ten times too much at this size (UniRL #444)."""
    generator = torch.Generator().manual_seed(0)
    sample, reference_velocity, change = torch.randn(3, 2, 4096, generator=generator)
    velocity = (reference_velocity + 0.01 * change).bfloat16()
    reference_velocity = reference_velocity.bfloat16()
    dynamics = make_dynamics("flow_sde", noise_level=0.7)
    new, reference = (dynamics.transition(v, sample, 0.8, 0.7) for v in (velocity, reference_velocity))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        penalty = reference_penalty("transition", velocity, reference_velocity, new, reference)
    distance = (velocity.double() - reference_velocity.double()).square().mean(1)
    expected = dynamics.velocity_kl_coefficient(0.8, 0.7) * distance
    torch.testing.assert_close(penalty.double(), expected, rtol=1e-3, atol=0)


def test_refuses():
    *arguments, _ = policies("flow_sde", 3, 5)
    with pytest.raises(ValueError, match="transition, mean, velocity"):
        reference_penalty("kl", *arguments)
    with pytest.raises(ValueError, match="must agree"):
        reference_penalty("velocity", arguments[0], arguments[1][:1], *arguments[2:])
