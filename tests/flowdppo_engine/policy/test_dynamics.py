"""Transitions against the paper's equations, written out here a second time in double precision."""

import math

import pytest
import torch

from flowdppo_engine.policy.divergence import gaussian_kl, gaussian_kl_nats
from flowdppo_engine.policy.dynamics import DYNAMICS, Transition, make_dynamics
from flowdppo_engine.policy.schedules import make_sigmas

SIGMAS = make_sigmas("linspace_shift", 10, 3.0)
ETA = 0.8

# method.md, table 1.4: std and KL / ||dv||^2 of each step, noise level 0.8.
SDE_TABLE = [
    (0.800, 0.0010), (0.844, 0.0021), (0.608, 0.0055), (0.505, 0.0110), (0.443, 0.0206),
    (0.400, 0.0378), (0.365, 0.0709), (0.332, 0.1418), (0.293, 0.3241), (0.231, 1.0209),
]  # fmt: skip
CPS_TABLE = [
    (0.917, 0.0008), (0.878, 0.0027), (0.832, 0.0065), (0.778, 0.0134), (0.713, 0.0259),
    (0.634, 0.0490), (0.535, 0.0954), (0.408, 0.2089), (0.238, 0.6800), (0.0, math.inf),
]  # fmt: skip


def random_pair(*shape, seed=0, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, *shape, generator=generator).to(dtype)


@pytest.mark.parametrize(("name", "table"), [("flow_sde", SDE_TABLE), ("cps", CPS_TABLE)])
def test_published_table(name, table):
    dynamics = make_dynamics(name, noise_level=ETA)
    for k, (std, coefficient) in enumerate(table):
        sigmas = SIGMAS[k], SIGMAS[k + 1], SIGMAS[1]
        assert dynamics.transition_std(*sigmas) == pytest.approx(std, abs=5.1e-4)
        assert dynamics.velocity_kl_coefficient(*sigmas) == pytest.approx(coefficient, abs=5.1e-5)


@pytest.mark.parametrize("k", range(1, 10))
def test_flow_sde_kl_is_equation_15(k):
    t, dt = float(SIGMAS[k]), float(SIGMAS[k] - SIGMAS[k + 1])
    sigma_t = ETA * math.sqrt(t / (1 - t))
    expected = dt / 2 * (1 / sigma_t + sigma_t * (1 - t) / (2 * t)) ** 2
    dynamics = make_dynamics("flow_sde", noise_level=ETA)
    assert dynamics.velocity_kl_coefficient(SIGMAS[k], SIGMAS[k + 1]) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("k", range(9))
def test_cps_kl_is_equation_16(k):
    t, after = float(SIGMAS[k]), float(SIGMAS[k + 1])
    c = -(1 - after) * t + after * (1 - t) * math.cos(ETA * math.pi / 2)
    expected = c**2 / (2 * after**2 * math.sin(ETA * math.pi / 2) ** 2)
    dynamics = make_dynamics("cps", noise_level=ETA)
    assert dynamics.velocity_kl_coefficient(SIGMAS[k], SIGMAS[k + 1]) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", ["flow_sde", "dance_sde", "cps"])
@pytest.mark.parametrize("k", [0, 4, 8])
def test_kl_of_two_velocities_is_the_coefficient_times_their_distance(name, k):
    dynamics = make_dynamics(name, noise_level=ETA)
    sample, _ = random_pair(3, 4, 8, 8)
    velocity_old, change = random_pair(3, 4, 8, 8, seed=1)
    velocity_new = velocity_old + 0.01 * change
    sigmas = SIGMAS[k], SIGMAS[k + 1], SIGMAS[1]
    old, new = (dynamics.transition(v, sample, *sigmas) for v in (velocity_old, velocity_new))
    distance = (velocity_new.double() - velocity_old.double()).square().sum(dim=(1, 2, 3))
    expected = dynamics.velocity_kl_coefficient(*sigmas) * distance
    torch.testing.assert_close(gaussian_kl_nats(old.mean, new.mean, old.std).double(), expected, rtol=2e-4, atol=0)


def test_flow_sde_mean_is_drift_plus_score():
    """mu = x + (v - g^2/2 score) dt with score = -(x + (1 - s) v) / s."""
    x, v = random_pair(2, 16).double()
    for k in range(1, 10):
        s, dt = SIGMAS[k].double(), SIGMAS[k + 1].double() - SIGMAS[k].double()
        g2 = ETA**2 * s / (1 - s)
        expected = x + (v - g2 / 2 * (-(x + (1 - s) * v) / s)) * dt
        transition = make_dynamics("flow_sde", noise_level=ETA).transition(v, x, SIGMAS[k], SIGMAS[k + 1])
        torch.testing.assert_close(transition.mean.double(), expected, rtol=0, atol=1e-6)
        assert float(transition.std) == pytest.approx(float((g2 * -dt).sqrt()), rel=1e-6)


def test_dance_sde_is_dancegrpos_own_form():
    """mu = x + v dt - eta^2/2 score dt with score = -(x - (1 - s) x0) / s^2, std = eta sqrt(-dt)."""
    x, v = random_pair(2, 16).double()
    for k in range(10):
        s, dt = SIGMAS[k].double(), SIGMAS[k + 1].double() - SIGMAS[k].double()
        score = -(x - (1 - s) * (x - s * v)) / s**2
        transition = make_dynamics("dance_sde", noise_level=0.3).transition(v, x, SIGMAS[k], SIGMAS[k + 1])
        torch.testing.assert_close(transition.mean.double(), x + v * dt - 0.045 * score * dt, rtol=0, atol=1e-6)
        assert float(transition.std) == pytest.approx(0.3 * math.sqrt(-dt), rel=1e-6)


def test_cps_mean_is_the_mix_of_predicted_data_and_noise():
    x, v = random_pair(2, 16).double()
    for k in range(10):
        s, after = SIGMAS[k].double(), SIGMAS[k + 1].double()
        std = after * math.sin(ETA * math.pi / 2)
        expected = (1 - after) * (x - s * v) + (after**2 - std**2).sqrt() * (x + (1 - s) * v)
        transition = make_dynamics("cps", noise_level=ETA).transition(v, x, SIGMAS[k], SIGMAS[k + 1])
        torch.testing.assert_close(transition.mean.double(), expected, rtol=0, atol=1e-6)
        assert float(transition.std) == pytest.approx(float(std), rel=1e-6)


def test_cps_std_has_no_sqrt_dt():
    """Refining the grid changes nothing. (UniRL #38 took the std of Flow-SDE: 0.162 in place of 0.859.)"""
    dynamics = make_dynamics("cps", noise_level=ETA)
    assert dynamics.transition_std(0.95, 0.9) == dynamics.transition_std(0.9001, 0.9)
    assert dynamics.transition_std(0.95, 0.9) == pytest.approx(0.9 * math.sin(0.4 * math.pi))
    assert dynamics.transition_std(0.25, 0.0) == 0


def test_flow_sde_first_step_uses_the_second_sigma():
    dynamics = make_dynamics("flow_sde", noise_level=ETA)
    x, v = random_pair(2, 16)
    transition = dynamics.transition(v, x, SIGMAS[0], SIGMAS[1], SIGMAS[1])
    dt = float(SIGMAS[1]) - 1
    std_dev = ETA * math.sqrt(1 / (1 - float(SIGMAS[1])))
    assert float(transition.std) == pytest.approx(std_dev * math.sqrt(-dt), rel=1e-6)
    torch.testing.assert_close(transition.mean, x * (1 + std_dev**2 / 2 * dt) + v * dt, rtol=0, atol=1e-6)
    assert transition.mean.isfinite().all()
    with pytest.raises(ValueError, match="second sigma of the grid"):
        dynamics.transition(v, x, SIGMAS[0], SIGMAS[1])


def test_sigma_max_matters_only_at_sigma_one():
    dynamics = make_dynamics("flow_sde", noise_level=ETA)
    assert dynamics.coefficients(0.99, 0.9, 0.5) == dynamics.coefficients(0.99, 0.9)


@pytest.mark.parametrize("name", ["flow_sde", "dance_sde", "cps"])
def test_no_noise_is_the_euler_step(name):
    x, v = random_pair(2, 16)
    for k in range(10):
        sigmas = SIGMAS[k], SIGMAS[k + 1], SIGMAS[1]
        transition = make_dynamics(name, noise_level=0.0).transition(v, x, *sigmas)
        euler = make_dynamics("ode").transition(v, x, *sigmas)
        torch.testing.assert_close(euler.mean, x + v * (SIGMAS[k + 1] - SIGMAS[k]), rtol=0, atol=1e-6)
        torch.testing.assert_close(transition.mean, euler.mean, rtol=0, atol=1e-6)
        assert transition.std == euler.std == 0


def test_ode_draws_no_noise_at_any_level():
    x, v = random_pair(2, 16)
    plain, levelled = make_dynamics("ode"), make_dynamics("ode", noise_level=0.8)
    assert torch.equal(levelled.transition(v, x, 0.5, 0.4).mean, plain.transition(v, x, 0.5, 0.4).mean)
    assert levelled.transition(v, x, 0.5, 0.4).std == 0


def test_ode_has_no_density():
    assert not DYNAMICS["ode"].is_stochastic
    assert make_dynamics("ode").velocity_kl_coefficient(0.5, 0.4) == math.inf
    assert all(DYNAMICS[name].is_stochastic for name in ("flow_sde", "dance_sde", "cps"))


@pytest.mark.parametrize("name", ["flow_sde", "dance_sde", "cps", "ode"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_mean_and_std_are_float32(name, dtype):
    options = {} if name == "ode" else {"noise_level": ETA}
    x, v = random_pair(2, 16, dtype=dtype)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        transition = make_dynamics(name, **options).transition(v, x, SIGMAS[4], SIGMAS[5])
        assert transition.mean.dtype == transition.std.dtype == torch.float32
        assert transition.sample(torch.randn(2, 16, dtype=dtype)).dtype == torch.float32
    exact = make_dynamics(name, **options).transition(v.float(), x.float(), SIGMAS[4], SIGMAS[5])
    assert torch.equal(transition.mean, exact.mean)


@pytest.mark.parametrize("name", ["flow_sde", "cps"])
def test_small_kl_survives_bf16_inputs(name):
    """KL_mean = 1e-7 from bf16 velocities is read within 1 %; bf16 means would read 1e-6 (UniRL #444)."""
    dynamics = make_dynamics(name, noise_level=ETA)
    sigmas = SIGMAS[4], SIGMAS[5]
    x, _ = random_pair(1, 16, 64, 64, dtype=torch.bfloat16)
    velocity_old, change = random_pair(1, 16, 64, 64, seed=1)
    velocity_old = velocity_old.bfloat16()
    scale = math.sqrt(1e-7 / dynamics.velocity_kl_coefficient(*sigmas))
    velocity_new = velocity_old.float() + scale * change / change.square().mean().sqrt()
    old, new = (dynamics.transition(v, x, *sigmas) for v in (velocity_old, velocity_new))
    assert float(gaussian_kl(old.mean, new.mean, old.std)) == pytest.approx(1e-7, rel=0.01)
    rounded = gaussian_kl(old.mean.bfloat16(), new.mean.bfloat16(), old.std)
    assert float(rounded) > 5e-7
    # A model that answers in bf16: what it answered is compared, no more and no less.
    answered = dynamics.transition(velocity_new.bfloat16(), x, *sigmas)
    distance = (velocity_new.bfloat16().double() - velocity_old.double()).square().mean()
    expected = dynamics.velocity_kl_coefficient(*sigmas) * float(distance)
    assert float(gaussian_kl(old.mean, answered.mean, old.std)) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("shape", [(2, 5, 7), (2, 3, 5, 7), (2, 3, 4, 5, 7)])
def test_std_broadcasts_to_packed_image_and_video(shape):
    x, v = random_pair(*shape)
    transition = make_dynamics("flow_sde", noise_level=ETA).transition(v, x, SIGMAS[2], SIGMAS[3])
    noise = torch.ones(shape)
    assert transition.std.ndim == 0
    torch.testing.assert_close(transition.sample(noise), transition.mean + float(transition.std))


@pytest.mark.parametrize("shape", [(2, 5, 2), (2, 3, 5, 7), (2, 3, 4, 5, 2)])
def test_a_std_a_sample_meets_the_batch_axis(shape):
    """Also where the last axis is as long as the batch, so that plain broadcasting would go through unseen."""
    mean = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    sample = Transition(mean, torch.tensor([0.5, 2.0])).sample(torch.ones(shape))
    torch.testing.assert_close(sample[0], mean[0] + 0.5)
    torch.testing.assert_close(sample[1], mean[1] + 2.0)


def test_samples_have_the_mean_and_the_std():
    generator = torch.Generator().manual_seed(0)
    x, v = random_pair(1, 1).expand(2, 400_000, 1)
    transition = make_dynamics("cps", noise_level=0.5).transition(v, x, 0.7, 0.6)
    samples = transition.sample(torch.randn(x.shape, generator=generator))
    std = 0.6 * math.sin(math.pi / 4)
    assert float(samples.std()) == pytest.approx(std, rel=5e-3)
    assert float(samples.mean()) == pytest.approx(float(transition.mean[0]), abs=4 * std / math.sqrt(400_000))


def test_gradient_reaches_the_velocity():
    x, v = random_pair(2, 16)
    v.requires_grad_()
    dynamics = make_dynamics("flow_sde", noise_level=ETA)
    transition = dynamics.transition(v, x, 0.5, 0.4)
    transition.mean.sum().backward()
    torch.testing.assert_close(v.grad, torch.full_like(v, dynamics.coefficients(0.5, 0.4).on_velocity))
    assert not transition.std.requires_grad


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: make_dynamics("sde", noise_level=0.1), "flow_sde, dance_sde, cps, ode"),
        (lambda: make_dynamics("flow_sde"), "noise_level"),
        (lambda: make_dynamics("flow_sde", noise_level=-0.1), "noise_level=-0.1"),
        (lambda: make_dynamics("dance_sde", noise_level=math.inf), "noise_level=inf"),
        (lambda: make_dynamics("cps", noise_level=1.1), "noise_level=1.1"),
        (lambda: make_dynamics("cps", noise_level=math.nan), "noise_level=nan"),
        (lambda: make_dynamics("ode", noise_level=-0.5), "noise_level=-0.5"),
        (lambda: make_dynamics("cps", noise_level=0.5, eta=1), "eta=1.*it takes: noise_level"),
        (lambda: make_dynamics("ode").coefficients(0.4, 0.5), "sigma > sigma_next"),
        (lambda: make_dynamics("ode").transition(torch.zeros(2, 3), torch.zeros(2, 1), 0.5, 0.4), "one shape"),
        (lambda: make_dynamics("flow_sde", noise_level=0.5).coefficients(1.0, 0.9, 1.0), "sigma_max=1.0"),
    ],
)
def test_refuses(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_sample_refuses_shared_noise():
    transition = make_dynamics("cps", noise_level=0.5).transition(torch.zeros(2, 3), torch.zeros(2, 3), 0.5, 0.4)
    with pytest.raises(ValueError, match="draw it alike"):
        transition.sample(torch.zeros(1, 3))
