"""The controls that steer themselves."""

import math

import pytest
import torch

from flowdppo_engine.policy.trust_regions import make_trust_region
from tests.flowdppo_engine.policy.movements import measured, movement_of, random_policies

TARGET = 1e-6
PENALTY = make_trust_region("kl_penalty", target=TARGET, coefficient=3.0)
CLIP = make_trust_region("adaptive_clip", target=TARGET, clip_range=1e-4)


def test_penalty_is_ppos():
    generator = torch.Generator().manual_seed(0)
    movement = movement_of(torch.randn(50, generator=generator), torch.rand(50, generator=generator))
    advantages = torch.randn(50, generator=generator)
    output = PENALTY(movement, advantages)
    torch.testing.assert_close(output.loss, -advantages * movement.log_ratio.exp() + 3 * movement.kl)
    output.loss.sum().backward()
    torch.testing.assert_close(movement.log_ratio.grad, -advantages * movement.log_ratio.detach().exp())
    assert (movement.kl.grad == 3).all()
    assert output.keep.all() and output.metrics["masked_fraction"] == 0
    assert float(output.metrics["coefficient"]) == 3


def test_a_heavier_penalty_keeps_the_optimum_nearer():
    """Descending the loss of one tile ends where the policy gradient and the pull of the penalty are in balance."""
    old, _, noise = random_policies(8, 16, kl_nats=1.0)
    ends = []
    for coefficient in (1.0, 4.0):
        region = make_trust_region("kl_penalty", target=TARGET, coefficient=coefficient)
        mean = old.clone().requires_grad_()
        for _ in range(400):
            loss = region(measured(old, mean, noise), torch.ones(8)).loss.sum()
            (gradient,) = torch.autograd.grad(loss, mean)
            mean = (mean - 0.2 * gradient).detach().requires_grad_()
        movement = measured(old, mean, noise)
        # Where r (next_sample - mean) = coefficient * (mean - old).
        ratio = movement.log_ratio.detach().exp().double()[:, None]
        balanced = (ratio * (old + 0.5 * noise) + coefficient * old) / (ratio + coefficient)
        torch.testing.assert_close(mean.detach(), balanced, rtol=0, atol=1e-3)
        ends.append(float(movement.detach().kl.mean()))
    assert ends[1] < ends[0] / 4


@pytest.mark.parametrize(
    ("kl", "coefficient", "clip_range"),
    [
        (1.6 * TARGET, 6.0, 1e-4 / math.sqrt(2)),
        (1.4 * TARGET, 3.0, 1e-4),
        (TARGET, 3.0, 1e-4),
        (0.7 * TARGET, 3.0, 1e-4),
        (0.6 * TARGET, 1.5, 1e-4 * math.sqrt(2)),
        (0.0, 1.5, 1e-4 * math.sqrt(2)),
        (math.nan, 3.0, 1e-4),
    ],
)
def test_one_notch_outside_the_tolerance(kl, coefficient, clip_range):
    assert PENALTY.adapted(kl).coefficient == pytest.approx(coefficient)
    assert CLIP.adapted(kl).clip_range == pytest.approx(clip_range)
    assert PENALTY.coefficient == 3.0 and CLIP.clip_range == 1e-4


def test_a_fixed_penalty_stays():
    fixed = make_trust_region("kl_penalty", target=TARGET, adaptive=False)
    assert fixed.adapted(1.0) is fixed


@pytest.mark.parametrize(("kl", "bounds"), [(1.0, (1e6, 1e-9)), (0.0, (1e-6, 0.5))])
def test_bounded(kl, bounds):
    penalty, clip = PENALTY, CLIP
    for _ in range(100):
        penalty, clip = penalty.adapted(kl), clip.adapted(kl)
    assert (penalty.coefficient, clip.clip_range) == pytest.approx(bounds)


def test_a_start_outside_the_bounds_is_left_where_it_is():
    wide = make_trust_region("adaptive_clip", target=TARGET, clip_range=0.9)
    assert wide.adapted(0.0).clip_range == 0.9
    assert wide.adapted(1.0).clip_range == pytest.approx(0.9 / math.sqrt(2))


def test_the_clip_range_settles_where_the_kl_goes_with_its_square():
    """With a notch of 2 it would jump over the tolerance, a factor of 2.25 in KL, for ever."""
    region, kls = make_trust_region("adaptive_clip", target=TARGET, clip_range=0.3), []
    for _ in range(60):
        kls.append(37.0 * region.clip_range**2)
        region = region.adapted(kls[-1])
    assert all(TARGET / 1.5 <= kl <= 1.5 * TARGET for kl in kls[-10:])
    assert len(set(kls[-10:])) == 1


@pytest.mark.parametrize("region", [PENALTY, CLIP])
def test_state_goes_through_a_checkpoint(region):
    later = region.adapted(1.0).adapted(1.0)
    assert later != region
    assert region.with_state(later.state()) == later
    assert all(isinstance(value, float) for value in later.state().values())
    with pytest.raises(ValueError, match="resume with the trust region of the checkpoint"):
        region.with_state({})
