"""Movements against their definitions, written out in double precision."""

import math

import pytest
import torch

from flowdppo_engine.policy.dynamics import Transition, make_dynamics
from flowdppo_engine.policy.movement import Movement, measure_movement
from flowdppo_engine.policy.schedules import make_sigmas
from tests.flowdppo_engine.policy.movements import measured, movement_of, random_policies

SIGMAS = make_sigmas("linspace_shift", 10, 3.0)
SHAPES = [(6, 5), (3, 5, 7), (3, 2, 5, 7)]  # packed, image, video


@pytest.mark.parametrize("latent_shape", SHAPES)
@pytest.mark.parametrize("stds", [[0.4, 0.4, 0.4], [0.3, 0.5, 0.9]])
def test_every_quantity_is_its_definition(latent_shape, stds):
    generator = torch.Generator().manual_seed(0)
    old_velocity, change, sample, noise = torch.randn(4, 3, *latent_shape, generator=generator, dtype=torch.float64)
    new_velocity = old_velocity + 0.05 * change
    std = torch.tensor(stds)
    per_tile = std.double().reshape(3, *[1] * len(latent_shape))
    old_mean, new_mean = (sample - 0.3 * velocity for velocity in (old_velocity, new_velocity))
    next_sample = old_mean + per_tile * noise

    movement = measure_movement(
        Transition(old_mean.float(), std),
        Transition(new_mean.float(), std if len(set(stds)) > 1 else std[0]),
        next_sample.float(),
        old_velocity.float(),
        new_velocity.float(),
        dt=torch.tensor([0.05, 0.1, 0.2]),
    )

    axes, size = tuple(range(1, len(latent_shape) + 1)), math.prod(latent_shape)
    normals = [torch.distributions.Normal(mean, per_tile) for mean in (old_mean, new_mean)]
    log_ratio = (normals[1].log_prob(next_sample) - normals[0].log_prob(next_sample)).sum(axes)
    kl = torch.distributions.kl_divergence(*normals).sum(axes)
    expected = {
        "log_ratio": log_ratio / size,
        "log_ratio_nats": log_ratio,
        "kl": kl / size,
        "kl_nats": kl,
        "total_variation": torch.erf(kl.sqrt() / 2),
        "velocity_distance": (new_velocity - old_velocity).square().mean(axes),
        "residual": (next_sample - new_mean).square().mean(axes),
        "std": std.double(),
        "dt": torch.tensor([0.05, 0.1, 0.2], dtype=torch.float64),
    }
    for name, values in expected.items():
        given = getattr(movement, name)
        assert given.dtype == torch.float32 and given.shape == (3,), name
        torch.testing.assert_close(
            given.double(), values, rtol=3e-4, atol=1e-7, msg=lambda text, name=name: name + text
        )
    assert movement.num_latent_dims == size


@pytest.mark.parametrize("name", ["flow_sde", "dance_sde", "cps"])
@pytest.mark.parametrize("latent_shape", SHAPES)
@pytest.mark.parametrize("step", [0, 4])
def test_kl_is_the_closed_form_of_the_dynamics(name, latent_shape, step):
    """Eq. 15 and 16 from velocities alone: nothing outside the transition knows the std. (UniRL #38 took another.)"""
    dynamics = make_dynamics(name, noise_level=0.8)
    generator = torch.Generator().manual_seed(1)
    sample, old_velocity, change = torch.randn(3, 2, *latent_shape, generator=generator)
    new_velocity = old_velocity + 0.02 * change
    sigmas = SIGMAS[step], SIGMAS[step + 1], SIGMAS[1]
    old, new = (dynamics.transition(v, sample, *sigmas) for v in (old_velocity, new_velocity))
    movement = measure_movement(old, new, old.mean, old_velocity, new_velocity, sigmas[0] - sigmas[1])
    coefficient = dynamics.velocity_kl_coefficient(*sigmas)
    torch.testing.assert_close(movement.kl, coefficient * movement.velocity_distance, rtol=1e-3, atol=0)
    assert movement.std.tolist() == pytest.approx([dynamics.transition_std(*sigmas)] * 2, rel=1e-6)
    assert movement.dt.tolist() == pytest.approx([float(SIGMAS[step] - SIGMAS[step + 1])] * 2)


def test_a_policy_that_has_not_moved():
    mean, _, noise = random_policies(4, 3, 5, 7, kl_nats=1.0)
    movement = measured(mean, mean, noise)
    for name in ("log_ratio", "kl", "total_variation", "velocity_distance"):
        assert (getattr(movement, name) == 0).all(), name
    # What is left of the action is its noise.
    torch.testing.assert_close(movement.residual.double(), 0.25 * noise.square().mean((1, 2, 3)), rtol=1e-5, atol=0)


def test_log_ratio_and_kl_carry_a_gradient_and_the_rest_does_not():
    old, new, noise = random_policies(2, 16, kl_nats=0.5)
    new.requires_grad_()
    movement = measured(old, new, noise)
    (gradient,) = torch.autograd.grad(movement.log_ratio.sum(), new, retain_graph=True)
    torch.testing.assert_close(gradient, (old + 0.5 * noise - new).detach() / 0.25 / 16, rtol=1e-4, atol=1e-6)
    (gradient,) = torch.autograd.grad(movement.kl.sum(), new)
    torch.testing.assert_close(gradient, (new - old).detach() / 0.25 / 16, rtol=1e-4, atol=1e-6)
    others = ("total_variation", "velocity_distance", "residual", "std", "dt")
    assert not any(getattr(movement, name).requires_grad for name in others)
    assert not movement.detach().log_ratio.requires_grad and not movement.detach().kl.requires_grad


def test_bf16_velocities_are_compared_in_float32():
    generator = torch.Generator().manual_seed(0)
    old_velocity, change = torch.randn(2, 2, 4096, generator=generator)
    new_velocity = (old_velocity + 0.02 * change).bfloat16()
    old_velocity = old_velocity.bfloat16()
    sample = torch.randn(2, 4096, generator=generator)
    dynamics = make_dynamics("cps", noise_level=0.8)
    old, new = (dynamics.transition(v, sample, 0.8, 0.7) for v in (old_velocity, new_velocity))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        movement = measure_movement(old, new, old.mean, old_velocity, new_velocity, 0.1)
    exact = (new_velocity.double() - old_velocity.double()).square().mean(1)
    torch.testing.assert_close(movement.velocity_distance.double(), exact, rtol=1e-5, atol=0)
    kl = dynamics.velocity_kl_coefficient(0.8, 0.7) * exact
    torch.testing.assert_close(movement.kl.double(), kl, rtol=1e-3, atol=0)


def test_movements_of_several_batches_join():
    first, second = movement_of([0.1, 0.2], [1.0, 2.0], std=0.5), movement_of([0.3], [3.0], std=0.7)
    joined = Movement.cat([first, second])
    assert joined.log_ratio.tolist() == pytest.approx([0.1, 0.2, 0.3])
    assert joined.kl.tolist() == [1.0, 2.0, 3.0]
    assert joined.std.tolist() == pytest.approx([0.5, 0.5, 0.7])
    assert joined.num_latent_dims == 64
    with pytest.raises(ValueError, match=r"\[32, 64\]"):
        Movement.cat([first, movement_of([0.3], num_latent_dims=32)])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dt": torch.ones(3)}, r"shape \(3,\)"),
        ({"dt": torch.ones(2, 1)}, r"shape \(2, 1\)"),
        ({"next_sample": torch.zeros(1, 8)}, "must agree"),
        ({"new_velocity": torch.zeros(1, 8)}, "do not fit"),
        ({"old_velocity": torch.zeros(1, 8), "new_velocity": torch.zeros(1, 8)}, "do not fit 2 tiles"),
        ({"new": Transition(torch.zeros(2, 8), torch.ones(8))}, "std has shape"),
    ],
)
def test_refuses(change, message):
    transition = Transition(torch.zeros(2, 8), torch.tensor(1.0))
    zeros = torch.zeros(2, 8)
    given = {"next_sample": zeros, "old_velocity": zeros, "new_velocity": zeros, "dt": 0.1} | change
    with pytest.raises(ValueError, match=message):
        measure_movement(transition, given.pop("new", transition), **given)
