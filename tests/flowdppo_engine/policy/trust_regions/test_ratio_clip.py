"""PPO's clip against an independent derivation in double precision."""

import pytest
import torch

from flowdppo_engine.policy.trust_regions import make_trust_region
from tests.flowdppo_engine.policy.movements import movement_of


@pytest.mark.parametrize("clip_range", [1e-4, 0.2])
@pytest.mark.parametrize("name", ["ratio_clip", "adaptive_clip"])
def test_is_ppos(name, clip_range):
    generator = torch.Generator().manual_seed(0)
    movement = movement_of(torch.randn(4000, generator=generator) * 1.5 * clip_range)
    advantages = torch.randn(4000, generator=generator)
    options = {"target": 1.0} if name == "adaptive_clip" else {}
    output = make_trust_region(name, clip_range=clip_range, **options)(movement, advantages)
    (gradient,) = torch.autograd.grad(output.loss.sum(), movement.log_ratio)
    exact = movement.log_ratio.detach().double().requires_grad_()
    ratio, a = exact.exp(), advantages.double()
    expected = torch.maximum(-a * ratio, -a * ratio.clamp(1 - clip_range, 1 + clip_range))
    (expected_gradient,) = torch.autograd.grad(expected.sum(), exact)
    torch.testing.assert_close(output.loss.double(), expected, rtol=3e-7, atol=0)
    torch.testing.assert_close(gradient.double(), expected_gradient, rtol=3e-7, atol=0)
    assert torch.equal(output.keep, expected_gradient != 0)
    assert 0.1 < float(output.metrics["masked_fraction"]) < 0.4


@pytest.mark.parametrize("excess", [0.9e-8, 1.1e-8])
def test_a_clip_range_below_the_resolution_of_the_ratio_is_honoured(excess):
    output = make_trust_region("ratio_clip", clip_range=1e-8)(movement_of(excess), torch.ones(1))
    assert bool(output.keep) is (excess < 1e-8)


def test_an_infinite_ratio_outside_the_range_does_no_harm():
    movement = movement_of([1000.0, 0.0])
    output = make_trust_region("ratio_clip", clip_range=1e-4)(movement, torch.ones(2))
    output.loss.sum().backward()
    assert output.loss.isfinite().all()
    assert movement.log_ratio.grad.tolist() == [0.0, -1.0]


def test_over_the_threshold_counts_both_directions():
    output = make_trust_region("ratio_clip", clip_range=1e-4)(
        movement_of([1e-3, -1e-3, 1e-5, 1e-3]), torch.tensor([1.0, 1.0, 1.0, -1.0])
    )
    assert output.keep.tolist() == [False, True, True, True]
    assert float(output.metrics["over_threshold_fraction"]) == 0.75
