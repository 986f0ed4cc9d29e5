import pytest

from flowdppo_engine.config import DivergenceMaskConfig, NoTrustRegionConfig, RatioClipConfig, ThresholdConfig
from flowdppo_engine.training.floor import warning_of


def floor(ratio_deviation=0.0, kl_mean=0.0):
    return {"floor/ratio_deviation": ratio_deviation, "floor/kl_mean": kl_mean}


MASK = DivergenceMaskConfig(threshold=ThresholdConfig(value=1e-6))
MASK_IN_NATS = DivergenceMaskConfig(threshold=ThresholdConfig(value=1e-3, scale="nats"))
CLIP = RatioClipConfig(clip_range=1e-4)


@pytest.mark.parametrize(
    ("seen", "trust_region", "warns"),
    [
        (floor(kl_mean=0.9e-7), MASK, False),
        (floor(kl_mean=1.1e-7), MASK, True),
        (floor(kl_mean=0.9e-7), MASK_IN_NATS, False),
        (floor(kl_mean=1.1e-7), MASK_IN_NATS, True),
        (floor(ratio_deviation=1.1e-5, kl_mean=0.0), CLIP, True),
        (floor(ratio_deviation=0.9e-5, kl_mean=1.0), CLIP, False),
        (floor(1.0, 1.0), NoTrustRegionConfig(), False),
    ],
)
def test_floor_above_a_tenth_of_the_threshold_is_warned_of(seen, trust_region, warns):
    warning = warning_of(seen, trust_region, num_latent_dims=1000)
    assert (warning is not None) is warns
    if warns:
        assert "update.tile_samples" in warning
