"""Solvers against a flow known in closed form, and against diffusers."""

import math

import pytest
import torch
from diffusers import DPMSolverMultistepScheduler

from flowdppo_engine.policy.schedules import make_sigmas
from flowdppo_engine.policy.solvers import SOLVERS, dpm_solver_2m, euler

MEAN, VARIANCE = 1.5, 0.25


def gaussian_velocity(x, sigma):
    """E[noise - data | x] for data ~ N(MEAN, VARIANCE)."""
    sigma = float(sigma)
    marginal = (1 - sigma) ** 2 * VARIANCE + sigma**2
    return -MEAN + (sigma - (1 - sigma) * VARIANCE) / marginal * (x - (1 - sigma) * MEAN)


def along_the_flow(start, sigma, sigma_next):
    """Where the exact flow takes ``start``: it keeps the standardised place in the marginal."""
    stds = [math.sqrt((1 - s) ** 2 * VARIANCE + s**2) for s in (float(sigma), float(sigma_next))]
    return (1 - float(sigma_next)) * MEAN + (start - (1 - float(sigma)) * MEAN) * stds[1] / stds[0]


def solve(solver, sigmas, sample, velocity=gaussian_velocity, history=None):
    for sigma, after in zip(sigmas, sigmas[1:], strict=False):
        step = solver(velocity(sample, sigma), sample, sigma, after, history)
        sample, history = step.sample, step.history
    return sample


def error(solver, num_steps, start=1.0, end=0.0):
    """Largest error at the end of ``num_steps`` even steps, starting on the exact flow."""
    sigmas = [start + (end - start) * i / num_steps for i in range(num_steps + 1)]
    sample = along_the_flow(torch.linspace(-3, 3, 7)[:, None], 1.0, start)
    return float((solve(solver, sigmas, sample) - along_the_flow(sample, start, end)).abs().max())


@pytest.mark.parametrize(("solver", "order"), [(euler, 1), (dpm_solver_2m, 2)])
def test_order_of_convergence(solver, order):
    """Away from the ends, as between a stochastic step and the data: the first step has no history."""
    errors = [error(solver, num_steps, 0.9, 0.1) for num_steps in (20, 40, 80, 160)]
    orders = [math.log2(coarse / fine) for coarse, fine in zip(errors, errors[1:], strict=False)]
    assert orders == pytest.approx([order] * 3, abs=0.15)


def test_from_noise_to_data_the_ends_cost_a_logarithm():
    """At both ends steps in lambda grow without bound; the error is h^2 log(1/h), where Euler's is h."""
    nums = (80, 160, 320)
    scaled = [error(dpm_solver_2m, num) * num**2 / math.log(num) for num in nums]
    assert scaled == pytest.approx([scaled[-1]] * 3, rel=0.07)
    assert [error(euler, num) * num for num in nums] == pytest.approx([error(euler, 320) * 320] * 3, rel=0.02)


@pytest.mark.parametrize("num_steps", [10, 25])
def test_second_order_is_closer_at_the_numbers_of_steps_in_use(num_steps):
    assert error(dpm_solver_2m, num_steps) < error(euler, num_steps) / 4


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of diffusers itself
@pytest.mark.parametrize("num_steps", [4, 10, 25])
@pytest.mark.parametrize("shift", [1.0, 3.0])
@pytest.mark.parametrize("latent_shape", [(6, 5), (3, 5, 7), (3, 2, 5, 7)])
def test_is_that_of_diffusers(num_steps, shift, latent_shape):
    scheduler = DPMSolverMultistepScheduler(
        use_flow_sigmas=True,
        prediction_type="flow_prediction",
        flow_shift=shift,
        algorithm_type="dpmsolver++",
        solver_order=2,
        solver_type="midpoint",
        lower_order_final=False,
    )
    scheduler.set_timesteps(num_steps)
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(2, *latent_shape, generator=generator)
    weights = torch.randn(2, *latent_shape, generator=generator)

    def velocity(x, sigma):
        return torch.sin(2 * x + weights) * (1 - float(sigma)) + weights

    theirs = noise
    for index, timestep in enumerate(scheduler.timesteps):
        theirs = scheduler.step(velocity(theirs, scheduler.sigmas[index]), timestep, theirs).prev_sample
    ours = solve(dpm_solver_2m, scheduler.sigmas, noise, velocity)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=2e-5)
    assert float((ours - solve(euler, scheduler.sigmas, noise, velocity)).abs().max()) > 1e-2


def test_without_history_and_at_the_end_it_is_the_euler_step():
    x, v = torch.randn(2, 2, 16, generator=torch.Generator().manual_seed(0))
    history = dpm_solver_2m(v, x, 0.9, 0.5).history
    for sigma, after, previous in ((1.0, 0.9, None), (0.5, 0.4, None), (0.5, 0.0, history)):
        assert torch.equal(dpm_solver_2m(v, x, sigma, after, previous).sample, euler(v, x, sigma, after, None).sample)
    torch.testing.assert_close(euler(v, x, 0.5, 0.4).sample, x - 0.1 * v)
    torch.testing.assert_close(dpm_solver_2m(v, x, 0.5, 0.0, history).sample, x - 0.5 * v)


def test_history_from_pure_noise_is_the_limit_of_history_just_below():
    """lambda is infinite at sigma = 1; the correction goes to 0 on the way there, and is finite all along."""
    x, v = torch.randn(2, 2, 16, generator=torch.Generator().manual_seed(0))

    def correction(first):
        history = dpm_solver_2m(2 * v, x, first, 0.9).history
        return (dpm_solver_2m(v, x, 0.9, 0.8, history).sample - euler(v, x, 0.9, 0.8).sample).abs().max()

    corrections = [float(correction(first)) for first in (1 - 1e-2, 1 - 1e-6, 1 - 1e-12, 1.0)]
    assert corrections == sorted(corrections, reverse=True)
    assert corrections[0] > 0.01 and corrections[-1] == 0


@pytest.mark.parametrize("name", SOLVERS)
def test_a_constant_velocity_is_followed_exactly(name):
    """A straight path, as from one data point: every data prediction is the same."""
    data, noise = torch.randn(2, 3, 16, generator=torch.Generator().manual_seed(0))
    end = solve(SOLVERS[name], make_sigmas("linspace_shift", 7, 3.0), noise, lambda x, sigma: noise - data)
    torch.testing.assert_close(end, data, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", SOLVERS)
def test_the_sample_is_float32(name):
    x, v = torch.randn(2, 2, 16, generator=torch.Generator().manual_seed(0)).bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        step = SOLVERS[name](v, x, 0.5, 0.4, None)
    assert step.sample.dtype == torch.float32
    assert torch.equal(step.sample, SOLVERS[name](v.float(), x.float(), 0.5, 0.4, None).sample)
    assert step.history is None or step.history.data.dtype == torch.float32


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: dpm_solver_2m(x, x[:, :1], 0.5, 0.4), "one shape"),
        (lambda x: dpm_solver_2m(x, x, 0.4, 0.5), "sigma > sigma_next"),
        (lambda x: dpm_solver_2m(x, x, 0.5, 0.4, dpm_solver_2m(x, x, 0.5, 0.4).history), "starts above it"),
    ],
)
def test_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call(torch.zeros(2, 3))
