"""DiffusionNFT's loss against closed forms, an independent derivation in float64, and its optimum."""

import pytest
import torch

from flowdppo_engine.policy.matching import diffusion_nft_loss, old_policy_decay, optimality

SHAPES = [(6, 5), (3, 5, 7), (3, 2, 5, 7)]


def forward_process(*latent_shape, num_samples=6, seed=0):
    """Clean and noised samples, old velocity, sigmas, and the velocity of the data; float64."""
    generator = torch.Generator().manual_seed(seed)
    clean, noise, old = torch.randn(3, num_samples, *latent_shape, generator=generator, dtype=torch.float64)
    sigma = torch.linspace(0.1, 1.0, num_samples, dtype=torch.float64)
    level = sigma.reshape(-1, *[1] * len(latent_shape))
    return clean, (1 - level) * clean + level * noise, old, sigma, noise - clean


def loss_of(velocity, old, noised, clean, sigma, advantages, beta=0.5, advantage_max=5.0):
    options = {"beta": beta, "advantage_max": advantage_max}
    return diffusion_nft_loss(velocity, old, noised, clean, sigma, advantages, **options)


def test_optimality_is_a_clipped_line():
    advantages = torch.tensor([-9.0, -5.0, -2.5, 0.0, 2.5, 5.0, 9.0])
    assert optimality(advantages, 5.0).tolist() == [0, 0, 0.25, 0.5, 0.75, 1, 1]


@pytest.mark.parametrize("latent_shape", SHAPES)
@pytest.mark.parametrize("beta", [1.0, 0.1])
def test_loss_and_gradient_derived_again_in_double_precision(latent_shape, beta):
    clean, noised, old, sigma, _ = forward_process(*latent_shape)
    change = torch.randn(old.shape, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    advantages = torch.tensor([-7.0, -2.0, -0.5, 0.0, 1.0, 4.0], dtype=torch.float64)
    given = (old + 0.3 * change).float().requires_grad_()
    loss = loss_of(given, old.float(), noised.float(), clean.float(), sigma.float(), advantages.float(), beta)
    (gradient,) = torch.autograd.grad(loss.sum(), given)

    velocity = (old + 0.3 * change).requires_grad_()
    axes, level = tuple(range(1, old.ndim)), sigma.reshape(-1, *[1] * len(latent_shape))
    expected = torch.zeros(6, dtype=torch.float64)
    q = (advantages / 5).clamp(-1, 1) / 2 + 0.5
    for weight, sign in ((q, 1), (1 - q, -1)):
        error = noised - level * (old + sign * beta * (velocity - old)) - clean
        expected = expected + weight * error.square().mean(axes) / error.abs().mean(axes).detach()
    expected = expected * 5 / beta
    (expected_gradient,) = torch.autograd.grad(expected.sum(), velocity)

    assert loss.dtype == torch.float32 and loss.shape == (6,)
    torch.testing.assert_close(loss.double(), expected, rtol=1e-5, atol=0)
    torch.testing.assert_close(gradient.double(), expected_gradient, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("latent_shape", SHAPES)
@pytest.mark.parametrize("beta", [1.0, 0.1])
def test_gradient_at_the_old_policy_is_the_closed_form(latent_shape, beta):
    """-2 sigma A e / (D mean|e|) with e the error of the velocity: beta has cancelled, and so has A_max."""
    clean, noised, old, sigma, target = forward_process(*latent_shape)
    advantages = torch.tensor([-4.0, -2.0, -0.5, 0.0, 1.0, 4.0], dtype=torch.float64)
    velocity = old.float().requires_grad_()
    loss = loss_of(velocity, old.float(), noised.float(), clean.float(), sigma.float(), advantages.float(), beta)
    (gradient,) = torch.autograd.grad(loss.sum(), velocity)
    error = (target - old).flatten(1)
    scale = -2 * sigma * advantages / (error.shape[1] * error.abs().mean(1))
    torch.testing.assert_close(gradient.flatten(1).double(), scale[:, None] * error, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("advantage", "direction"), [(5.0, 1), (50.0, 1), (-5.0, -1), (-50.0, -1)])
def test_certainly_good_pulls_to_the_data_and_certainly_bad_pushes_away_as_far(advantage, direction):
    """The optimum is v_old +- (v_data - v_old) / beta: that is where an implicit policy meets the data."""
    clean, noised, old, sigma, target = forward_process(3, 5)
    optimum = old + direction * (target - old) / 0.5
    velocity = optimum.float().requires_grad_()
    arguments = (old.float(), noised.float(), clean.float(), sigma.float(), torch.full((6,), advantage))
    assert (loss_of(velocity, *arguments) < 1e-5).all()
    for change in (0.1, -0.1):
        assert (loss_of(velocity.detach() + change, *arguments) > 1e-3).all()
    # From the old policy, one step of descent goes towards it.
    start = old.float().requires_grad_()
    (gradient,) = torch.autograd.grad(loss_of(start, *arguments).sum(), start)
    assert ((-gradient * (optimum - old)).flatten(1).sum(1) > 0).all()


def test_an_undecided_sample_holds_the_policy_where_it_is():
    clean, noised, old, sigma, _ = (values.float() for values in forward_process(3, 5))
    velocity = old.clone().requires_grad_()
    loss = loss_of(velocity, old, noised, clean, sigma, torch.zeros(6))
    (gradient,) = torch.autograd.grad(loss.sum(), velocity)
    torch.testing.assert_close(gradient, torch.zeros_like(gradient), rtol=0, atol=1e-6)
    assert (loss > 0).all()


def test_only_the_trained_policy_has_a_gradient():
    clean, noised, old, sigma, _ = (values.float() for values in forward_process(3, 5))
    advantages = torch.ones(6)
    velocity = (old + 1).requires_grad_()
    old.requires_grad_(), advantages.requires_grad_()
    loss_of(velocity, old, noised, clean, sigma, advantages).sum().backward()
    assert velocity.grad is not None and old.grad is None and advantages.grad is None


def test_a_perfect_prediction_does_not_divide_by_zero():
    clean, noised, _, sigma, target = (values.float() for values in forward_process(3, 5))
    velocity = target.clone().requires_grad_()
    loss = loss_of(velocity, target, noised, clean, sigma, torch.ones(6))
    loss.sum().backward()
    assert (loss < 1e-4).all() and velocity.grad.isfinite().all()


def test_one_sigma_for_all_is_as_one_each():
    clean, noised, old, _, _ = (values.float() for values in forward_process(3, 5))
    advantages = torch.linspace(-3, 3, 6)
    shared = loss_of(old + 1, old, noised, clean, torch.tensor(0.4), advantages)
    torch.testing.assert_close(shared, loss_of(old + 1, old, noised, clean, torch.full((6,), 0.4), advantages))


def test_half_precision_velocities_are_upcast():
    clean, noised, old, sigma, _ = (values.float() for values in forward_process(3, 5))
    rounded = old.bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = loss_of(rounded, rounded, noised, clean, sigma, torch.ones(6))
    exact = loss_of(rounded.float(), rounded.float(), noised, clean, sigma, torch.ones(6))
    assert loss.dtype == torch.float32 and torch.equal(loss, exact)


@pytest.mark.parametrize(
    ("schedule", "decays"),
    [
        # The two schedules of the paper, at optimizer steps 0, 1, 75, 100, 500 and 10,000.
        ({"flat": 0, "rate": 0.001, "hold": 0.5}, [0, 0.001, 0.075, 0.1, 0.5, 0.5]),
        ({"flat": 75, "rate": 0.0075, "hold": 0.999}, [0, 0, 0, 0.1875, 0.999, 0.999]),
    ],
)
def test_decay_of_the_old_policy(schedule, decays):
    assert [old_policy_decay(step, **schedule) for step in (0, 1, 75, 100, 500, 10_000)] == pytest.approx(decays)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"beta": 0.0}, "beta=0.0"),
        ({"beta": 1.5}, "beta=1.5"),
        ({"advantage_max": 0.0}, "advantage_max=0.0"),
        ({"advantages": torch.zeros(6, 1)}, "advantages has shape"),
        ({"sigma": torch.zeros(6, 1)}, "sigma has shape"),
        ({"clean": torch.zeros(1, 3, 5)}, "all must be one"),
    ],
)
def test_refuses(change, message):
    zeros = torch.zeros(6, 3, 5)
    given = {"velocity": zeros, "old": zeros, "noised": zeros, "clean": zeros}
    given |= {"sigma": torch.ones(6), "advantages": torch.zeros(6)}
    with pytest.raises(ValueError, match=message):
        loss_of(**given | change)
