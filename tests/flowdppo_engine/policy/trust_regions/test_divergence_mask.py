"""The mask of Eq. 18, case by case."""

import itertools
import math

import pytest
import torch

from flowdppo_engine.policy.trust_regions import make_trust_region
from tests.flowdppo_engine.policy.movements import measured, movement_of

DELTA = 1e-6
# advantage, log-ratio, divergence: all eight combinations of the three signs.
CASES = list(itertools.product((1.5, -1.5), (1e-3, -1e-3), (2 * DELTA, 0.5 * DELTA)))
MASK = make_trust_region("divergence_mask", threshold=DELTA)
SYMMETRIC = make_trust_region("divergence_mask", threshold=DELTA, asymmetric=False)
ON_MEAN = make_trust_region("divergence_mask", threshold=DELTA, measured_on="mean")
ON_VELOCITY = make_trust_region("divergence_mask", threshold=DELTA, measured_on="velocity")


@pytest.mark.parametrize("case", CASES)
def test_drops_what_moves_away_beyond_the_threshold(case):
    advantage, log_ratio, kl = case
    output = MASK(movement_of(log_ratio, kl), torch.tensor([advantage]))
    drop = kl > DELTA and ((advantage > 0 and log_ratio > 0) or (advantage < 0 and log_ratio < 0))
    assert bool(output.keep) is not drop
    assert float(output.loss.detach()) == (0 if drop else pytest.approx(-advantage * math.exp(log_ratio), rel=1e-6))


@pytest.mark.parametrize("case", CASES)
def test_the_symmetric_mask_looks_at_the_divergence_only(case):
    advantage, log_ratio, kl = case
    output = SYMMETRIC(movement_of(log_ratio, kl), torch.tensor([advantage]))
    assert bool(output.keep) is (kl < DELTA)
    assert (float(output.loss.detach()) == 0) is (kl > DELTA)


@pytest.mark.parametrize("case", CASES)
def test_measured_on_velocities_the_std_plays_no_part(case):
    advantage, log_ratio, distance = case
    for kl, std in ((0.0, 1e-3), (1.0, 1e3)):
        movement = movement_of(log_ratio, kl, velocity_distance=distance, std=std)
        expected = MASK(movement_of(log_ratio, distance), torch.tensor([advantage]))
        assert torch.equal(ON_VELOCITY(movement, torch.tensor([advantage])).keep, expected.keep)


@pytest.mark.parametrize("std", [1e-2, 0.5, 3.0])
def test_measured_on_means_the_threshold_is_on_their_squared_difference(std):
    """Algorithm 1's form: the same shift of the mean is judged alike whatever noise covers it."""
    shifts = [0.9e-3, 1.1e-3]
    old = torch.zeros(2, 6, dtype=torch.float64)
    new = old + torch.tensor(shifts, dtype=torch.float64)[:, None]
    movement = measured(old, new, noise=torch.ones_like(old), std=std)
    assert ON_MEAN(movement, torch.tensor([1.0, 1.0])).keep.tolist() == [shift**2 < DELTA for shift in shifts]
    torch.testing.assert_close(movement.mean_distance, torch.tensor(shifts).square(), rtol=1e-4, atol=0)


def test_all_cases_at_once():
    advantages, log_ratio, kl = torch.tensor(CASES).unbind(dim=1)
    output = MASK(movement_of(log_ratio, kl), advantages)
    assert output.keep.tolist() == [False, True, True, True, True, True, False, True]
    expected = {
        "masked_fraction": 2 / 8,
        "masked_positive_fraction": 1 / 8,
        "masked_negative_fraction": 1 / 8,
        "over_threshold_fraction": 4 / 8,
    }
    assert {name: float(value) for name, value in output.metrics.items()} == expected


def test_the_threshold_itself_is_outside():
    movement = movement_of(1e-3, DELTA)
    assert not make_trust_region("divergence_mask", threshold=movement.kl.item())(movement, torch.ones(1)).keep


def test_ratio_of_one_is_kept_whatever_the_divergence():
    assert MASK(movement_of(0.0, 1.0), torch.ones(1)).keep


def test_sees_ratios_that_round_to_one():
    """exp(1e-8) is 1 in float32, so sgn(r - 1) would read 0 where the update does move away."""
    assert not MASK(movement_of(1e-8, 1.0), torch.ones(1)).keep


def test_nothing_is_clipped():
    """The kept term is the raw ratio, however large: there is no min in Eq. 17."""
    output = MASK(movement_of([2.0, -2.0], 0.0), torch.tensor([1.0, -1.0]))
    torch.testing.assert_close(output.loss.detach(), torch.tensor([-math.exp(2.0), math.exp(-2.0)]))


@pytest.mark.parametrize(
    "region", [MASK, SYMMETRIC, make_trust_region("predictive_mask", threshold=DELTA, order="full")]
)
def test_an_infinite_ratio_outside_the_region_does_no_harm(region):
    """A mask by multiplication would give inf * 0 = nan, forward and backward."""
    movement = movement_of([1000.0, 0.0], [1.0, 0.0], num_latent_dims=1)
    output = region(movement, torch.tensor([1.0, 1.0]))
    output.loss.sum().backward()
    assert output.loss.isfinite().all()
    assert movement.log_ratio.grad.tolist() == [0.0, -1.0]


def test_no_gradient_through_the_divergence():
    movement = movement_of([1e-3, -1e-3], [2 * DELTA, 2 * DELTA])
    MASK(movement, torch.ones(2)).loss.sum().backward()
    assert movement.kl.grad is None
