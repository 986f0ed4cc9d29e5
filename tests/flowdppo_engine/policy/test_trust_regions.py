"""Masks, clips and their gradients."""

import itertools
import math

import pytest
import torch

from flowdppo_engine.policy.trust_regions import TRUST_REGIONS, make_trust_region

DELTA = 1e-6
# advantage, log-ratio, divergence: all eight combinations of the three signs.
CASES = list(itertools.product((1.5, -1.5), (1e-3, -1e-3), (2 * DELTA, 0.5 * DELTA)))


def tensors(cases):
    advantages, log_ratio, divergence = torch.tensor(cases).unbind(dim=1)
    return {
        "log_ratio": log_ratio.clone().requires_grad_(),
        "divergence": divergence.clone(),
        "advantages": advantages.clone(),
    }


@pytest.mark.parametrize("case", CASES)
def test_the_mask_drops_what_moves_away_beyond_the_threshold(case):
    advantage, log_ratio, divergence = case
    output = make_trust_region("divergence_mask", threshold=DELTA)(**tensors([case]))
    drop = divergence > DELTA and ((advantage > 0 and log_ratio > 0) or (advantage < 0 and log_ratio < 0))
    assert bool(output.keep) is not drop
    assert float(output.loss.detach()) == (0 if drop else pytest.approx(-advantage * math.exp(log_ratio), rel=1e-6))


@pytest.mark.parametrize("case", CASES)
def test_the_symmetric_mask_looks_at_the_divergence_only(case):
    output = make_trust_region("divergence_mask", threshold=DELTA, asymmetric=False)(**tensors([case]))
    assert bool(output.keep) is (case[2] < DELTA)
    assert (float(output.loss.detach()) == 0) is (case[2] > DELTA)


def test_gradient_is_zero_where_dropped_and_that_of_the_policy_gradient_where_kept():
    inputs = tensors(CASES)
    output = make_trust_region("divergence_mask", threshold=DELTA)(**inputs)
    (gradient,) = torch.autograd.grad(output.loss.mean(), inputs["log_ratio"])
    vanilla = (-inputs["advantages"] * inputs["log_ratio"].exp()).mean()
    (expected,) = torch.autograd.grad(vanilla, inputs["log_ratio"])
    assert output.keep.tolist() == [False, True, True, True, True, True, False, True]
    assert (gradient[~output.keep] == 0).all()
    assert torch.equal(gradient[output.keep], expected[output.keep])


def test_the_threshold_itself_is_outside():
    inputs = tensors([(1.0, 1e-3, DELTA)])
    assert not make_trust_region("divergence_mask", threshold=float(inputs["divergence"]))(**inputs).keep


def test_ratio_of_one_is_kept_whatever_the_divergence():
    assert make_trust_region("divergence_mask", threshold=DELTA)(**tensors([(1.0, 0.0, 1.0)])).keep


def test_the_mask_sees_ratios_that_round_to_one():
    """exp(1e-8) is 1 in float32, so sgn(r - 1) would read 0 where the update does move away."""
    assert not make_trust_region("divergence_mask", threshold=DELTA)(**tensors([(1.0, 1e-8, 1.0)])).keep


@pytest.mark.parametrize(
    "region", [make_trust_region("divergence_mask", threshold=DELTA), make_trust_region("ratio_clip", clip_range=1e-4)]
)
def test_an_infinite_ratio_outside_the_region_does_no_harm(region):
    inputs = tensors([(1.0, 1000.0, 1.0), (1.0, 0.0, 0.0)])
    output = region(**inputs)
    output.loss.sum().backward()
    assert output.loss.isfinite().all()
    assert inputs["log_ratio"].grad.tolist() == [0.0, -1.0]


def test_a_nan_is_not_masked_away():
    """A broken model must show in the loss instead of reading as a dropped tile."""
    assert make_trust_region("divergence_mask", threshold=DELTA)(**tensors([(1.0, math.nan, 1.0)])).loss.isnan().all()


def test_no_gradient_through_divergence_or_advantages():
    inputs = {name: tensor.detach().requires_grad_() for name, tensor in tensors(CASES).items()}
    output = make_trust_region("divergence_mask", threshold=DELTA)(**inputs)
    output.loss.sum().backward()
    assert inputs["divergence"].grad is None and inputs["advantages"].grad is None
    assert not any(metric.requires_grad for metric in output.metrics.values())


@pytest.mark.parametrize("clip_range", [1e-4, 0.2])
def test_ratio_clip_is_ppos(clip_range):
    generator = torch.Generator().manual_seed(0)
    log_ratio = (torch.randn(4000, generator=generator) * 1.5 * clip_range).requires_grad_()
    advantages = torch.randn(4000, generator=generator)
    output = make_trust_region("ratio_clip", clip_range=clip_range)(log_ratio=log_ratio, advantages=advantages)
    (gradient,) = torch.autograd.grad(output.loss.sum(), log_ratio)
    exact = log_ratio.detach().double().requires_grad_()
    ratio, a = exact.exp(), advantages.double()
    expected = torch.maximum(-a * ratio, -a * ratio.clamp(1 - clip_range, 1 + clip_range))
    (expected_gradient,) = torch.autograd.grad(expected.sum(), exact)
    torch.testing.assert_close(output.loss.double(), expected, rtol=3e-7, atol=0)
    torch.testing.assert_close(gradient.double(), expected_gradient, rtol=3e-7, atol=0)
    assert torch.equal(output.keep, expected_gradient != 0)
    assert 0.1 < float(output.metrics["masked_fraction"]) < 0.4


@pytest.mark.parametrize("excess", [0.9e-8, 1.1e-8])
def test_a_clip_range_below_the_resolution_of_the_ratio_is_honoured(excess):
    output = make_trust_region("ratio_clip", clip_range=1e-8)(
        log_ratio=torch.tensor([excess]), advantages=torch.tensor([1.0])
    )
    assert bool(output.keep) is (excess < 1e-8)


def test_none_is_the_policy_gradient():
    inputs = tensors(CASES)
    output = make_trust_region("none")(**inputs)
    torch.testing.assert_close(output.loss, -inputs["advantages"] * inputs["log_ratio"].exp())
    assert output.keep.all() and output.metrics["masked_fraction"] == 0


def test_metrics():
    inputs = tensors(CASES)
    metrics = make_trust_region("divergence_mask", threshold=DELTA)(**inputs).metrics
    ratio = inputs["log_ratio"].detach().exp()
    expected = {
        "masked_fraction": 2 / 8,
        "masked_positive_fraction": 1 / 8,
        "masked_negative_fraction": 1 / 8,
        "over_threshold_fraction": 4 / 8,
        "ratio_mean": float(ratio.mean()),
        "ratio_std": float(ratio.std(correction=0)),
        "ratio_min": math.exp(-1e-3),
        "ratio_max": math.exp(1e-3),
        "kl_mean": 1.25 * DELTA,
        "kl_max": 2 * DELTA,
    }
    assert {name: float(value) for name, value in metrics.items()} == pytest.approx(expected, rel=1e-6)
    assert all(value.ndim == 0 and value.dtype == torch.float32 for value in metrics.values())
    clip = make_trust_region("ratio_clip", clip_range=1e-4)(**inputs).metrics
    assert float(clip["over_threshold_fraction"]) == 1.0 and float(clip["masked_fraction"]) == 0.5


@pytest.mark.parametrize("name", TRUST_REGIONS)
def test_declared_inputs_are_those_needed(name):
    options = {"divergence_mask": {"threshold": DELTA}, "ratio_clip": {"clip_range": 1e-4}, "none": {}}[name]
    region = make_trust_region(name, **options)
    inputs = tensors(CASES)
    needed = {key: value for key, value in inputs.items() if key in region.required_inputs}
    assert torch.equal(region(**needed).loss, region(**inputs).loss)
    assert region.needs_stochastic_dynamics


def test_half_precision_inputs_are_upcast():
    inputs = {key: value.detach().bfloat16() for key, value in tensors(CASES).items()}
    output = make_trust_region("divergence_mask", threshold=DELTA)(**inputs)
    assert output.loss.dtype == torch.float32 and output.keep.dtype == torch.bool


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: make_trust_region("ppo"), "divergence_mask, ratio_clip, none"),
        (lambda: make_trust_region("ratio_clip", threshold=1.0), "threshold=1.0.*it takes: clip_range"),
        (lambda: make_trust_region("none", clip_range=0.1), "it takes: none"),
        (lambda: make_trust_region("divergence_mask"), "threshold"),
        (lambda: make_trust_region("divergence_mask", threshold=0.0), "threshold=0.0"),
        (lambda: make_trust_region("divergence_mask", threshold=math.nan), "threshold=nan"),
        (lambda: make_trust_region("ratio_clip", clip_range=1.0), "clip_range=1.0"),
    ],
)
def test_refuses(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_refuses_missing_and_misshapen_inputs():
    region = make_trust_region("divergence_mask", threshold=DELTA)
    inputs = tensors(CASES)
    with pytest.raises(ValueError, match="divergence=None"):
        region(log_ratio=inputs["log_ratio"], advantages=inputs["advantages"])
    with pytest.raises(ValueError, match=r"advantages has shape \(8, 1\)"):
        region(**inputs | {"advantages": inputs["advantages"][:, None]})
