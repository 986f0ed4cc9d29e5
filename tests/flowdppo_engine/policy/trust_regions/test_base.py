"""What all trust regions share."""

import math
from dataclasses import fields, replace

import pytest
import torch

from flowdppo_engine.config import (
    AdaptiveClipConfig,
    DivergenceMaskConfig,
    KlPenaltyConfig,
    NoTrustRegionConfig,
    PredictiveMaskConfig,
    RatioClipConfig,
    RatioNormClipConfig,
)
from flowdppo_engine.policy.movement import Movement
from flowdppo_engine.policy.thresholds import Threshold
from flowdppo_engine.policy.trust_regions import TRUST_REGIONS, make_trust_region
from tests.flowdppo_engine.policy.movements import movement_of

DELTA = 1e-6
REGIONS = {
    "divergence_mask": make_trust_region("divergence_mask", threshold=DELTA),
    "divergence_mask on velocities": make_trust_region("divergence_mask", threshold=DELTA, measured_on="velocity"),
    "divergence_mask on means": make_trust_region("divergence_mask", threshold=DELTA, measured_on="mean"),
    "predictive_mask": make_trust_region("predictive_mask", threshold=DELTA),
    "predictive_mask in full": make_trust_region("predictive_mask", threshold=DELTA, order="full"),
    "ratio_clip": make_trust_region("ratio_clip", clip_range=1e-4),
    "ratio_norm_clip": make_trust_region("ratio_norm_clip", clip_range=1e-4),
    "kl_penalty": make_trust_region("kl_penalty", target=DELTA),
    "adaptive_clip": make_trust_region("adaptive_clip", target=DELTA),
    "none": make_trust_region("none"),
}
every_region = pytest.mark.parametrize("region", REGIONS.values(), ids=REGIONS)
CONFIGS = [
    DivergenceMaskConfig(),
    PredictiveMaskConfig(),
    RatioClipConfig(),
    RatioNormClipConfig(),
    KlPenaltyConfig(),
    AdaptiveClipConfig(),
    NoTrustRegionConfig(),
]


def tiles(num=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    log_ratio, advantages = torch.randn(2, num, generator=generator)
    kl, velocity_distance = 3 * DELTA * torch.rand(2, num, generator=generator)
    return movement_of(3e-4 * log_ratio, kl, velocity_distance=velocity_distance, std=0.5), advantages


def test_every_name_is_covered_here():
    assert {name.split()[0] for name in REGIONS} == set(TRUST_REGIONS) == {config.name for config in CONFIGS}


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.name)
def test_the_options_are_the_fields_of_the_configuration(config):
    options = config.model_dump(exclude={"name"})
    for name in {"threshold", "target"} & options.keys():
        options[name] = Threshold(**options[name]).in_mean(1024)
    region = make_trust_region(config.name, **options)
    assert {name: getattr(region, name) for name in options} == options
    assert type(region) is TRUST_REGIONS[config.name]


@every_region
def test_gradient_is_zero_where_blocked_and_that_of_the_policy_gradient_where_kept(region):
    movement, advantages = tiles()
    movement.kl.requires_grad_(False)
    output = region(movement, advantages)
    (gradient,) = torch.autograd.grad(output.loss.sum(), movement.log_ratio)
    assert output.loss.shape == output.keep.shape == advantages.shape
    assert output.loss.dtype == torch.float32 and output.keep.dtype == torch.bool
    assert (gradient[~output.keep] == 0).all()
    vanilla = -advantages * movement.log_ratio.detach().exp()
    if region is not REGIONS["ratio_norm_clip"]:  # which has another ratio
        torch.testing.assert_close(gradient[output.keep], vanilla[output.keep], rtol=1e-6, atol=0)
    assert (gradient[output.keep] != 0).all()


@every_region
def test_nothing_is_read_but_the_declared_inputs(region):
    movement, advantages = tiles()
    others = {field.name for field in fields(Movement)} - region.required_inputs - {"num_latent_dims"}
    nans = {name: torch.full_like(advantages, math.nan) for name in others}
    expected, output = region(movement, advantages), region(replace(movement, **nans), advantages)
    torch.testing.assert_close(output.loss, expected.loss, rtol=0, atol=0)
    assert torch.equal(output.keep, expected.keep)


@every_region
def test_no_gradient_through_the_advantages(region):
    movement, advantages = tiles()
    advantages.requires_grad_()
    output = region(movement, advantages)
    output.loss.sum().backward()
    assert advantages.grad is None
    assert not any(metric.requires_grad for metric in output.metrics.values())


@every_region
def test_before_the_first_update_every_tile_gives_the_policy_gradient(region):
    advantages = torch.tensor([1.0, -2.0, 0.0])
    output = region(movement_of([0.0, 0.0, 0.0], dt=1.0), advantages)
    assert output.keep.all()
    torch.testing.assert_close(output.loss, -advantages)


@every_region
def test_a_nan_is_not_masked_away(region):
    """A broken model must show in the loss instead of reading as a blocked tile."""
    output = region(movement_of([math.nan], [math.nan], residual=math.nan), torch.tensor([1.0]))
    assert output.loss.isnan().all()


@every_region
def test_shares_are_of_all_tiles(region):
    movement, advantages = tiles()
    output = region(movement, advantages)
    blocked = ~output.keep
    metrics = {name: float(value) for name, value in output.metrics.items()}
    assert metrics["masked_fraction"] == pytest.approx(int(blocked.sum()) / 64)
    assert metrics["masked_positive_fraction"] == pytest.approx(int((blocked & (advantages > 0)).sum()) / 64)
    assert metrics["masked_negative_fraction"] == pytest.approx(int((blocked & (advantages < 0)).sum()) / 64)
    assert metrics["over_threshold_fraction"] >= metrics["masked_fraction"]
    assert all(value.ndim == 0 and value.dtype == torch.float32 for value in output.metrics.values())


@pytest.mark.parametrize("region", [region for region in REGIONS.values() if not region.state()])
def test_a_region_without_state_is_its_own_successor(region):
    assert region.adapted(1.0) is region and region.with_state({}) == region
    with pytest.raises(ValueError, match=r"state has \['coefficient'\].*resume with the trust region"):
        region.with_state({"coefficient": 2.0})


def test_two_regions_adapt():
    assert {name for name, region in REGIONS.items() if region.state()} == {"kl_penalty", "adaptive_clip"}


@every_region
def test_refuses_shapes_that_do_not_fit(region):
    movement, advantages = tiles()
    for wrong in (advantages[:, None], advantages[:3], torch.tensor(1.0)):
        with pytest.raises(ValueError, match="one value a tile"):
            region(movement, wrong)


def test_the_reference_term_is_never_masked():
    """beta * KL_ref is added outside: where the surrogate is blocked, its gradient is all that is left."""
    movement = movement_of([1e-3, 1e-3], [2 * DELTA, 0.0])
    reference = torch.tensor([0.3, 0.3], requires_grad=True)
    output = REGIONS["divergence_mask"](movement, torch.tensor([1.0, 1.0]))
    (output.loss.mean() + 0.1 * reference.mean()).backward()
    assert output.keep.tolist() == [False, True]
    assert movement.log_ratio.grad[0] == 0
    assert reference.grad.tolist() == pytest.approx([0.05, 0.05])


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: make_trust_region("ppo"), "divergence_mask, predictive_mask, ratio_clip"),
        (lambda: make_trust_region("ratio_clip", threshold=1.0), "threshold=1.0.*it takes: clip_range"),
        (lambda: make_trust_region("none", clip_range=0.1), "it takes: none"),
        (lambda: make_trust_region("divergence_mask"), "threshold"),
        (lambda: make_trust_region("divergence_mask", threshold=0.0), "threshold=0.0"),
        (lambda: make_trust_region("divergence_mask", threshold=math.nan), "threshold=nan"),
        (
            lambda: make_trust_region("divergence_mask", threshold=1.0, measured_on="latents"),
            "transition, mean, velocity",
        ),
        (lambda: make_trust_region("predictive_mask", threshold=1.0, order="second"), "first, full"),
        (lambda: make_trust_region("predictive_mask", threshold=1.0, step_size=0.0), "step_size=0.0"),
        (lambda: make_trust_region("ratio_clip", clip_range=1.0), "clip_range=1.0"),
        (lambda: make_trust_region("ratio_norm_clip", clip_range=0.0), "clip_range=0.0"),
        (lambda: make_trust_region("kl_penalty", target=math.inf), "target=inf"),
        (lambda: make_trust_region("kl_penalty", target=1.0, coefficient=-1.0), "coefficient=-1.0"),
        (lambda: make_trust_region("adaptive_clip", target=1.0, clip_range=2.0), "clip_range=2.0"),
    ],
)
def test_refuses(build, message):
    with pytest.raises(ValueError, match=message):
        build()
