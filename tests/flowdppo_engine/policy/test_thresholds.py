"""Conversions of a threshold, against the paper's numbers and each other."""

import math

import pytest
import torch

from flowdppo_engine.policy.divergence import total_variation
from flowdppo_engine.policy.thresholds import Threshold


@pytest.mark.parametrize(
    ("num_dims", "value", "nats", "tv"),
    [
        (65_536, 1e-7, 0.0066, 0.046),
        (65_536, 1e-6, 0.0655, 0.144),
        (65_536, 1e-5, 0.655, 0.433),
        (131_072, 1e-7, 0.0131, 0.065),
        (131_072, 1e-6, 0.131, 0.202),
    ],
)
def test_published_table(num_dims, value, nats, tv):
    threshold = Threshold(value, "mean")
    assert threshold.in_nats(num_dims) == pytest.approx(nats, rel=0.01)
    assert threshold.in_tv(num_dims) == pytest.approx(tv, abs=5.1e-4)


@pytest.mark.parametrize("value", [1e-4, 0.05, 0.5, 0.95])
def test_round_trips(value):
    num_dims = 4096
    threshold = Threshold(value, "tv")
    assert threshold.in_tv(num_dims) == pytest.approx(value, rel=1e-9)
    assert Threshold(threshold.in_nats(num_dims), "nats").in_tv(num_dims) == pytest.approx(value, rel=1e-9)
    assert Threshold(threshold.in_mean(num_dims), "mean").in_tv(num_dims) == pytest.approx(value, rel=1e-9)


def test_tv_threshold_is_the_total_variation_of_means_that_far_apart():
    num_dims, std = 256, 0.7
    kl = Threshold(0.2, "tv").in_mean(num_dims)
    shift = torch.full((1, num_dims), std * math.sqrt(2 * kl))
    assert float(total_variation(torch.zeros_like(shift), shift, torch.tensor(std))) == pytest.approx(0.2, rel=1e-5)


def test_a_mean_threshold_loosens_with_resolution_and_a_tv_one_does_not():
    assert Threshold(1e-6, "mean").in_tv(4 * 65_536) > 1.9 * Threshold(1e-6, "mean").in_tv(65_536)
    tv = Threshold(0.1, "tv")
    assert tv.in_mean(65_536) == pytest.approx(4 * tv.in_mean(4 * 65_536))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Threshold(1e-6, "sum"), "mean, nats, tv"),
        (lambda: Threshold(0.0), "value=0.0"),
        (lambda: Threshold(math.nan), "value=nan"),
        (lambda: Threshold(1.0, "tv"), "below 1"),
        (lambda: Threshold(1e-6).in_nats(0), "num_dims=0"),
    ],
)
def test_refuses(build, message):
    with pytest.raises(ValueError, match=message):
        build()
