"""Divergences against closed forms in double precision, and against Monte-Carlo."""

import math

import pytest
import torch

from flowdppo_engine.policy.divergence import (
    gaussian_kl,
    gaussian_kl_nats,
    improvement_lower_bound,
    improvement_penalty_linear,
    improvement_penalty_quadratic,
    improvement_surrogate,
    log_ratio,
    total_variation,
    trajectory_kl,
)
from flowdppo_engine.policy.dynamics import Transition
from flowdppo_engine.policy.movement import measure_movement

STD = torch.tensor(0.5)


def means(*shape, kl_mean, std=0.5, seed=0):
    """Two means a given KL (mean scale) apart, and an action of the old policy."""
    generator = torch.Generator().manual_seed(seed)
    old, shift, noise = torch.randn(3, *shape, generator=generator)
    latent = tuple(range(1, len(shape)))
    shift = shift / shift.square().mean(dim=latent, keepdim=True).sqrt() * std * math.sqrt(2 * kl_mean)
    return old, old + shift, old + std * noise


def test_kl_is_that_of_torch_distributions():
    old, new, _ = means(3, 4, 8, 8, kl_mean=1e-3)
    std = STD.double()
    expected = torch.distributions.kl_divergence(
        torch.distributions.Normal(old.double(), std), torch.distributions.Normal(new.double(), std)
    )
    torch.testing.assert_close(gaussian_kl_nats(old, new, STD).double(), expected.sum((1, 2, 3)), rtol=1e-4, atol=0)
    torch.testing.assert_close(gaussian_kl(old, new, STD).double(), expected.mean((1, 2, 3)), rtol=1e-4, atol=0)


@pytest.mark.parametrize("shape", [(2, 6, 5), (2, 3, 5, 7), (2, 3, 2, 5, 7)])
def test_sum_and_mean_differ_by_the_latent_size(shape):
    old, new, _ = means(*shape, kl_mean=1e-3)
    ratio = gaussian_kl_nats(old, new, STD) / gaussian_kl(old, new, STD)
    torch.testing.assert_close(ratio, torch.full((2,), float(math.prod(shape[1:]))))


@pytest.mark.parametrize("kl_mean", [1e-7, 1e-6, 1e-5])
def test_small_kl_is_exact_in_fp32_and_lost_in_bf16(kl_mean):
    old, new, _ = means(1, 16, 64, 64, kl_mean=kl_mean)
    assert float(gaussian_kl(old, new, STD)) == pytest.approx(kl_mean, rel=0.01)
    assert float(gaussian_kl(old.bfloat16(), new.bfloat16(), STD)) > 1.3 * kl_mean


@pytest.mark.parametrize("shape", [(3, 6, 5), (1, 6, 5), (3, 2, 5, 7), (3, 2, 3, 5, 7)])
@pytest.mark.parametrize("form", ["0-d", "ones", "[B]", "[B, 1, ...]"])
def test_std_meets_the_batch_axis_only(shape, form):
    old, new, action = means(*shape, kl_mean=1e-2)
    batch, rank = shape[0], len(shape)
    stds = torch.linspace(0.3, 0.9, batch) if form.startswith("[B") else torch.full((batch,), 0.4)
    given = {
        "0-d": torch.tensor(0.4),
        "ones": torch.full((1,) * rank, 0.4),
        "[B]": stds,
        "[B, 1, ...]": stds.reshape(-1, *[1] * (rank - 1)),
    }[form]
    for b in range(batch):
        d = (new[b].double() - old[b].double()).flatten()
        residual = (2 * action[b] - old[b] - new[b]).double().flatten()
        kl = d.square().sum() / (2 * stds[b].double() ** 2)
        assert float(gaussian_kl_nats(old, new, given)[b]) == pytest.approx(float(kl), rel=1e-4)
        assert float(gaussian_kl(old, new, given)[b]) == pytest.approx(float(kl) / d.numel(), rel=1e-4)
        expected = float((d * residual).mean() / (2 * stds[b].double() ** 2))
        assert float(log_ratio(action, old, new, given)[b]) == pytest.approx(expected, rel=1e-3, abs=1e-7)
        assert float(total_variation(old, new, given)[b]) == pytest.approx(
            math.erf(math.sqrt(float(kl)) / 2), rel=1e-4
        )


@pytest.mark.parametrize("shape", [(1, 3, 1, 1, 1), (1, 2, 1), (3, 1), (5,)])
def test_std_of_another_axis_is_refused(shape):
    old, new, _ = means(2, 3, 5, kl_mean=1e-3)
    with pytest.raises(ValueError, match="std has shape"):
        gaussian_kl(old, new, torch.full(shape, 0.5))


def test_a_step_axis_that_looks_like_the_batch_is_refused():
    """[1, S, 1] with S == B: by its number of elements it would pass for one std a sample."""
    old, new, _ = means(3, 3, 5, kl_mean=1e-3)
    with pytest.raises(ValueError, match="std has shape"):
        gaussian_kl(old, new, torch.full((1, 3, 1), 0.5))


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="must agree"):
        gaussian_kl(torch.zeros(2, 3), torch.zeros(1, 3), STD)
    with pytest.raises(ValueError, match="latent axis"):
        gaussian_kl(torch.zeros(2), torch.zeros(2), STD)


def test_log_ratio_is_the_difference_of_log_densities():
    old, new, action = (x.double() for x in means(3, 4, 8, 8, kl_mean=1e-3))
    normals = [torch.distributions.Normal(mean, STD.double()) for mean in (old, new)]
    expected = (normals[1].log_prob(action) - normals[0].log_prob(action)).mean((1, 2, 3))
    torch.testing.assert_close(log_ratio(action, old, new, STD).double(), expected, rtol=1e-4, atol=1e-8)


def test_log_ratio_keeps_its_digits_where_log_densities_cancel():
    """At KL_mean = 1e-7 the signal is 2e-6; two fp32 log-densities leave errors of some 4e-8."""
    old, new, action = means(8, 16, 64, 64, kl_mean=1e-7)
    d = new.double() - old.double()
    exact = (d * (2 * action.double() - old.double() - new.double())).mean((1, 2, 3)) / (2 * 0.25)
    own_error = (log_ratio(action, old, new, STD).double() - exact).abs().max()
    densities = [-(action - mean).square().div(2 * 0.25).mean((1, 2, 3)) for mean in (old, new)]
    naive_error = ((densities[1] - densities[0]).double() - exact).abs().max()
    assert own_error < 1e-9 < naive_error


def test_before_the_first_update_ratio_is_one_and_divergences_are_zero():
    old, _, action = means(2, 4, 8, 8, kl_mean=1e-3)
    assert (log_ratio(action, old, old, STD) == 0).all()
    assert (gaussian_kl(old, old, STD) == 0).all() and (total_variation(old, old, STD) == 0).all()


def test_log_ratio_moments_are_minus_kl_and_twice_kl():
    """E[log r] = -KL and Var[log r] = 2 KL on the summed scale (App. D), under the old policy."""
    num, dims, kl = 100_000, 16, 0.3
    old, new, action = (x.float() for x in means(num, dims, kl_mean=kl / dims, std=0.5))
    log_r = log_ratio(action, old, new, STD) * dims
    assert float(log_r.mean()) == pytest.approx(-kl, abs=5 * math.sqrt(2 * kl / num))
    assert float(log_r.var()) == pytest.approx(2 * kl, rel=5 * math.sqrt(2 / num))


@pytest.mark.parametrize("kl", [0.01, 0.3, 2.0])
def test_total_variation_is_half_the_mean_absolute_ratio_excess(kl):
    """TV = E_old|r - 1| / 2 (Eq. 11). Half of it is max(0, 1 - r), which has the smaller variance."""
    num, dims = 100_000, 16
    old, new, action = means(num, dims, kl_mean=kl / dims)
    ratio = (log_ratio(action, old, new, STD) * dims).exp()
    exact = float(total_variation(old, new, STD)[0])
    shortfall = (1 - ratio).clamp(min=0)
    assert float(shortfall.mean()) == pytest.approx(exact, abs=5 * float(shortfall.std()) / math.sqrt(num))
    excess = 0.5 * (ratio - 1).abs()
    assert float(excess.mean()) == pytest.approx(exact, abs=5 * float(excess.std()) / math.sqrt(num))
    assert exact**2 <= kl / 2  # Pinsker


def test_half_precision_inputs_are_upcast_also_under_autocast():
    old, new, action = (x.bfloat16() for x in means(2, 4, 8, 8, kl_mean=1e-1))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        results = [
            gaussian_kl(old, new, STD.bfloat16()),
            gaussian_kl_nats(old, new, STD.bfloat16()),
            total_variation(old, new, STD.bfloat16()),
            log_ratio(action, old, new, STD.bfloat16()),
        ]
    assert all(result.dtype == torch.float32 and result.shape == (2,) for result in results)
    assert torch.equal(results[1], gaussian_kl_nats(old.float(), new.float(), STD))


def test_gradients():
    old, new, action = means(2, 16, kl_mean=1e-2)
    new.requires_grad_()
    (gradient,) = torch.autograd.grad(log_ratio(action, old, new, STD).sum(), new)
    torch.testing.assert_close(gradient, ((action - new) / 0.25 / 16).detach(), rtol=1e-4, atol=1e-6)
    (gradient,) = torch.autograd.grad(gaussian_kl_nats(old, new, STD).sum(), new)
    torch.testing.assert_close(gradient, ((new - old) / 0.25).detach(), rtol=1e-4, atol=1e-6)
    still = old.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(total_variation(old, still, STD).sum(), still)
    assert (gradient == 0).all()


def test_trajectory_kl_is_the_sum_over_steps():
    assert torch.equal(trajectory_kl(torch.tensor([[0.25, 0.5], [1.0, 0.0]])), torch.tensor([0.75, 1.0]))
    with pytest.raises(ValueError, match=r"\[B, T\]"):
        trajectory_kl(torch.zeros(3))


def test_improvement_surrogate():
    """E[R sum_k (r_k - 1)], with the digits of ratios next to 1."""
    log_ratios = torch.tensor([[1e-9, 2e-9], [0.5, -0.5]])
    expected = (3 * 3e-9 + 7 * (math.expm1(0.5) + math.expm1(-0.5))) / 2
    assert float(improvement_surrogate(torch.tensor([3.0, 7.0]), log_ratios)) == pytest.approx(expected, rel=1e-6)
    alone = improvement_surrogate(torch.tensor([3.0]), log_ratios[:1])
    assert float(alone) == pytest.approx(9e-9, rel=1e-5)
    with pytest.raises(ValueError, match=r"\[B, T\]"):
        improvement_surrogate(torch.zeros(3), torch.zeros(2, 3))


def test_theorems_1_and_2_on_a_chain_whose_return_is_known():
    """x_k ~ N(x_{k-1} + shift, 1), reward cos(x_3): both returns have a closed form, the bound holds between them.

    From movements of [images * steps] tiles, reshaped to [images, steps].
    """
    num_images, num_steps, shift = 200_000, 3, 0.05
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(num_images, num_steps, 1, generator=generator)
    states = torch.cat([torch.zeros(num_images, 1, 1), noise.cumsum(dim=1)], dim=1)
    old_mean, next_sample = states[:, :-1].flatten(0, 1), states[:, 1:].flatten(0, 1)
    old, new = (Transition(mean, torch.tensor(1.0)) for mean in (old_mean, old_mean + shift))
    movement = measure_movement(old, new, next_sample, old.mean, new.mean, 0.1)
    log_ratios, total_variations, kl = (
        values.unflatten(0, (num_images, num_steps))
        for values in (movement.log_ratio_nats, movement.total_variation, movement.kl_nats)
    )
    rewards = states[:, -1, 0].cos()

    gain = (math.cos(num_steps * shift) - 1) * math.exp(-num_steps / 2)
    surrogate = improvement_surrogate(rewards, log_ratios)
    remainder = (rewards * (log_ratios.sum(1).expm1() - log_ratios.expm1().sum(1))).mean()
    tolerance = 5 * math.sqrt(num_steps) * shift / math.sqrt(num_images)
    assert float(surrogate + remainder) == pytest.approx(gain, abs=tolerance)  # Theorem 1
    assert abs(float(remainder)) <= float(improvement_penalty_quadratic(1.0, total_variations))  # Theorem 2
    assert float(improvement_lower_bound(surrogate, 1.0, total_variations)) <= gain + tolerance
    # By the chain rule: each step adds shift^2 / 2, wherever it starts.
    torch.testing.assert_close(trajectory_kl(kl), torch.full((num_images,), num_steps * shift**2 / 2))


def test_improvement_penalties():
    tv = torch.tensor([[0.1, 0.2, 0.0], [0.3, 0.1, 0.2]])
    # K = 4 grid points: 2 xi (K - 1)(K - 2) 0.3^2, and 4 xi mean(0.3, 0.6).
    assert float(improvement_penalty_quadratic(2.0, tv)) == pytest.approx(2 * 2 * 3 * 2 * 0.09)
    assert float(improvement_penalty_linear(2.0, tv)) == pytest.approx(4 * 2 * 0.45)
    assert float(improvement_lower_bound(torch.tensor(5.0), 2.0, tv)) == pytest.approx(5 - 2.16)
    large = torch.ones(2, 30)
    assert float(improvement_lower_bound(torch.tensor(0.0), 1.0, large)) == pytest.approx(-4 * 30)
    assert improvement_penalty_quadratic(1.0, tv[:, :1]) == 0  # one decision: the surrogate is exact
    with pytest.raises(ValueError, match=r"\[B, T\]"):
        improvement_penalty_linear(1.0, tv[0])


def test_improvement_bound_holds_on_a_chain():
    """Three Gaussian decisions with a constant shift each, reward tanh of the end: Theorem 2, by Monte-Carlo."""
    num, num_decisions, std = 200_000, 3, torch.tensor(1.0)
    noise = torch.randn(num_decisions, num, 1, generator=torch.Generator().manual_seed(0))
    for shift in (0.02, 0.1, 0.5, 2.0):
        state, drifted, surrogate_terms, tv = torch.zeros(num, 1), torch.zeros(num, 1), [], []
        for k in range(num_decisions):
            mean_old, mean_new = state, state + shift
            state, drifted = mean_old + noise[k], drifted + shift + noise[k]
            surrogate_terms.append(log_ratio(state, mean_old, mean_new, std).exp() - 1)
            tv.append(total_variation(mean_old, mean_new, std))
        reward = state.tanh().flatten()
        gain = float((drifted.tanh() - state.tanh()).mean())
        surrogate = (reward * torch.stack(surrogate_terms).sum(dim=0)).mean()
        assert gain >= float(improvement_lower_bound(surrogate, 1.0, torch.stack(tv, dim=1))) - 0.01
