"""What every trust region would have blocked."""

import pytest
import torch

from flowdppo_engine.policy.dynamics import make_dynamics
from flowdppo_engine.policy.movement import measure_movement
from flowdppo_engine.policy.thresholds import Threshold
from flowdppo_engine.policy.trust_regions.panel import make_panel, would_block
from tests.flowdppo_engine.policy.movements import measured, movement_of, random_policies

PUBLISHED = 65_536


def test_published_settings_at_the_published_size():
    for dynamics, threshold in (("flow_sde", 1e-7), ("dance_sde", 1e-7), ("cps", 1e-6)):
        panel = make_panel(dynamics, PUBLISHED)
        assert panel["divergence_mask"].threshold == panel["predictive_mask_first"].threshold == threshold
        assert panel["ratio_clip"].clip_range == 1e-4
        assert panel["ratio_norm_clip"].clip_range == 4e-6
        assert panel["divergence_mask_velocity"].threshold == 1e-6
    assert make_panel("cps", 4)["ratio_clip"].clip_range == 0.99


def test_a_threshold_means_the_same_total_variation_at_every_size():
    sizes = (256, PUBLISHED, 131_072)
    variations = [Threshold(make_panel("flow_sde", size)["divergence_mask"].threshold).in_tv(size) for size in sizes]
    assert variations == pytest.approx([0.0457] * 3, rel=2e-3)


@pytest.mark.parametrize("dynamics", ["flow_sde", "cps"])
def test_the_same_movement_in_nats_is_blocked_alike_at_every_size(dynamics):
    """Shift and noise fill the first 64 dims; the other latent is four times as large and padded with nothing."""
    old, new, noise = random_policies(300, 64, kl_nats=0.05)
    noise = 0.5 * noise
    advantages = torch.randn(300, generator=torch.Generator().manual_seed(1))
    small = measured(old, new, noise)
    padded = [torch.cat([values, torch.zeros(300, 192, dtype=values.dtype)], dim=1) for values in (old, new, noise)]
    blocked = [would_block(dynamics, movement, advantages) for movement in (small, measured(*padded))]
    for name in ("divergence_mask", "predictive_mask_first", "ratio_clip", "ratio_norm_clip"):
        assert torch.equal(blocked[0][name], blocked[1][name]), name


def test_each_says_what_it_would_have_blocked():
    old, new, noise = random_policies(400, 4, 8, 8, kl_nats=0.02)
    advantages = torch.randn(400, generator=torch.Generator().manual_seed(1))
    movement = measured(old, new.requires_grad_(), noise)
    blocked = would_block("flow_sde", movement, advantages)
    panel = make_panel("flow_sde", 256)
    assert blocked.keys() == panel.keys()
    for name, region in panel.items():
        assert blocked[name].dtype == torch.bool and not blocked[name].requires_grad
        assert torch.equal(blocked[name], ~region(movement, advantages).keep), name
    # At 0.02 nats, beyond the 0.0066 of the thresholds and inside the 6.6 of the clip range.
    assert blocked["divergence_mask_symmetric"].all()
    assert 0.4 < float(blocked["divergence_mask"].float().mean()) < 0.6
    assert not blocked["ratio_clip"].any()


def test_cps_clips_the_ratio_that_flow_cps_published():
    """Without the 1 / (2 std^2): at std 0.9 it leaves a range of 1e-4 at 1.62 times the true ratio's size."""
    dims = PUBLISHED
    movement = movement_of([0.5e-4, 0.7e-4, 0.9e-4, 1.1e-4], std=0.9, num_latent_dims=dims)
    assert would_block("cps", movement, torch.ones(4))["ratio_clip"].tolist() == [False, True, True, True]
    assert would_block("flow_sde", movement, torch.ones(4))["ratio_clip"].tolist() == [False, False, False, True]


def test_cps_ratio_is_that_of_the_released_log_density():
    dynamics = make_dynamics("cps", noise_level=0.8)
    generator = torch.Generator().manual_seed(0)
    sample, old_velocity, change, noise = torch.randn(4, 200, 256, generator=generator)
    new_velocity = old_velocity + 3 * change
    advantages = torch.randn(200, generator=generator)
    old, new = (dynamics.transition(v, sample, 0.9, 0.8) for v in (old_velocity, new_velocity))
    next_sample = old.sample(noise)
    released = [-(next_sample.double() - t.mean.double()).square().mean(1) for t in (old, new)]
    excess = (released[1] - released[0]).expm1()
    clip_range = 1e-4 * PUBLISHED / 256
    expected = (advantages > 0) & (excess > clip_range) | (advantages < 0) & (excess < -clip_range)
    movement = measure_movement(old, new, next_sample, old_velocity, new_velocity, 0.1)
    assert torch.equal(would_block("cps", movement, advantages)["ratio_clip"], expected)
    assert 0.02 < float(expected.float().mean()) < 0.98


def test_refuses_dynamics_without_a_ratio():
    with pytest.raises(ValueError, match="flow_sde, dance_sde, cps"):
        make_panel("ode", 256)
