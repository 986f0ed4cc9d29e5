"""What the samplers do to a whole distribution, on Gaussian targets whose exact velocity is known."""

import math

import pytest
import torch

from flowdppo_engine.policy.dynamics import make_dynamics
from flowdppo_engine.policy.schedules import make_sigmas

MEAN, VARIANCE = 1.5, 0.25


def exact_velocity(x, t, variance=VARIANCE):
    """E[noise - data | x_t = x] for data ~ N(MEAN, variance)."""
    marginal_variance = (1 - t) ** 2 * variance + t**2
    return -MEAN + (t - (1 - t) * variance) / marginal_variance * (x - (1 - t) * MEAN)


def final_moments(dynamics_at, num_denoising_steps, variance=VARIANCE):
    """Mean and variance of the final sample: every step is affine in x, so moments are propagated exactly."""
    sigmas = make_sigmas("linspace_shift", num_denoising_steps, 1.0).double().tolist()
    mean, spread = 0.0, 1.0
    for s, after in zip(sigmas, sigmas[1:], strict=False):
        on_sample, on_velocity, std = dynamics_at(s, after).coefficients(s, after, sigmas[1])
        step = [on_sample * x + on_velocity * exact_velocity(x, s, variance) for x in (mean, mean + 1)]
        mean, spread = step[0], (step[1] - step[0]) ** 2 * spread + std**2
    return mean, spread


@pytest.mark.parametrize(("name", "noise_level"), [("flow_sde", 0.8), ("dance_sde", 0.3)])
def test_sde_marginals_converge_to_the_target(name, noise_level):
    dynamics = make_dynamics(name, noise_level=noise_level)
    errors = []
    for num_denoising_steps in (10, 1000):
        mean, variance = final_moments(lambda s, after: dynamics, num_denoising_steps)
        assert mean == pytest.approx(MEAN, abs=1e-6)
        errors.append(abs(variance / VARIANCE - 1))
    assert errors[1] < 0.005 < errors[0]


def test_flow_sde_samples_have_the_targets_mean_and_variance():
    dynamics = make_dynamics("flow_sde", noise_level=0.8)
    sigmas = make_sigmas("linspace_shift", 300, 1.0)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(20_000, 1, generator=generator)
    for s, after in zip(sigmas, sigmas[1:], strict=False):
        transition = dynamics.transition(exact_velocity(x, s), x, s, after, sigmas[1])
        x = transition.sample(torch.randn(x.shape, generator=generator))
    assert float(x.mean()) == pytest.approx(MEAN, abs=5 * math.sqrt(VARIANCE / 20_000))
    assert float(x.var()) == pytest.approx(VARIANCE, rel=5 * math.sqrt(2 / 20_000))


@pytest.mark.parametrize("noise_level", [0.3, 0.8, 1.0])
def test_cps_preserves_every_marginal_of_a_single_image(noise_level):
    """Where the data prediction is exact, each sample on the way is exactly N((1 - s) data, s^2), on any grid."""
    dynamics = make_dynamics("cps", noise_level=noise_level)
    sigmas = make_sigmas("linspace_shift", 5, 3.0).double().tolist()
    mean, spread = 0.0, 1.0
    for s, after in zip(sigmas, sigmas[1:], strict=False):
        on_sample, on_velocity, std = dynamics.coefficients(s, after)
        step = [on_sample * x + on_velocity * (x - MEAN) / s for x in (mean, mean + 1)]
        mean, spread = step[0], (step[1] - step[0]) ** 2 * spread + std**2
        assert mean == pytest.approx((1 - after) * MEAN, abs=1e-9)
        assert spread == pytest.approx(after**2, abs=1e-9)


def test_cps_keeps_the_mean_but_shrinks_the_variance_at_a_fixed_noise_level():
    """A property of the method: no grid is fine enough, as each step replaces noise whose content was not known."""
    dynamics = make_dynamics("cps", noise_level=0.8)
    variances = []
    for num_denoising_steps in (10, 200, 2000):
        mean, variance = final_moments(lambda s, after: dynamics, num_denoising_steps)
        assert mean == pytest.approx(MEAN, abs=1e-6)
        variances.append(variance)
    assert variances == sorted(variances)
    assert variances[-1] == pytest.approx(0.163, abs=1e-3)


def test_cps_marginals_converge_where_the_noise_shrinks_with_the_step():
    def dynamics_at(s, after):
        return make_dynamics("cps", noise_level=2 / math.pi * math.asin(0.8 * math.sqrt((s - after) / s)))

    mean, variance = final_moments(dynamics_at, 1000)
    assert mean == pytest.approx(MEAN, abs=1e-6)
    assert variance == pytest.approx(VARIANCE, rel=0.005)


def test_cps_samples_follow_the_propagated_moments():
    dynamics = make_dynamics("cps", noise_level=0.8)
    sigmas = make_sigmas("linspace_shift", 50, 1.0)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(20_000, 1, generator=generator)
    for s, after in zip(sigmas, sigmas[1:], strict=False):
        transition = dynamics.transition(exact_velocity(x, s), x, s, after)
        x = transition.sample(torch.randn(x.shape, generator=generator))
    mean, variance = final_moments(lambda s, after: dynamics, 50)
    assert float(x.mean()) == pytest.approx(mean, abs=5 * math.sqrt(variance / 20_000))
    assert float(x.var()) == pytest.approx(variance, rel=5 * math.sqrt(2 / 20_000))
