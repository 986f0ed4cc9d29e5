"""How far one iteration may move the policy."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from flowdppo_engine.config.base import Strict, knob


class ThresholdConfig(Strict):
    value: float = knob(1e-6, "Largest divergence at which an update that moves away is still allowed.", gt=0)
    scale: Literal["mean", "nats", "tv"] = knob(
        "mean", "Unit: KL as a mean over latent dimensions, KL in nats (the sum), or total variation (0 to 1)."
    )

    @model_validator(mode="after")
    def total_variation_is_a_probability(self):
        if self.scale == "tv" and self.value >= 1:
            raise ValueError(f"value = {self.value} is no total variation: give a number below 1, or scale: nats.")
        return self


class DivergenceMaskConfig(Strict):
    name: Literal["divergence_mask"] = "divergence_mask"
    threshold: ThresholdConfig = ThresholdConfig()
    asymmetric: bool = knob(True, "Block only updates that move away from the old policy (the paper's mask).")
    measured_on: Literal["transition", "mean", "velocity"] = knob(
        "transition",
        "The KL of the transition, or the mean squared difference of its means without 1 / (2 std^2) (the paper's "
        "Algorithm 1), or of the velocities. The last two are no KL and need `scale: mean`.",
    )


class PredictiveMaskConfig(Strict):
    name: Literal["predictive_mask"] = "predictive_mask"
    threshold: ThresholdConfig = ThresholdConfig()
    order: Literal["first", "full"] = knob(
        "first", "First-order sign test (Eq. 26), or the predicted divergence itself (Eq. 27)."
    )
    step_size: float = knob(
        1e-4, "Effective step of the mean along its gradient, the eta of Eq. 24; not used by `first`.", gt=0
    )


class RatioClipConfig(Strict):
    name: Literal["ratio_clip"] = "ratio_clip"
    clip_range: float = knob(1e-4, "PPO's clip of the mean-reduced ratio.", gt=0, lt=1)


class RatioNormClipConfig(Strict):
    name: Literal["ratio_norm_clip"] = "ratio_norm_clip"
    clip_range: float = knob(4e-6, "Clip of GRPO-Guard's normalised ratio.", gt=0, lt=1)
    dt_weight: bool = knob(True, "Weight each denoising step by 1 / dt, as GRPO-Guard's own code does.")


class KlPenaltyConfig(Strict):
    name: Literal["kl_penalty"] = "kl_penalty"
    target: ThresholdConfig = knob(ThresholdConfig(), "KL to the old policy that the coefficient is steered to.")
    coefficient: float = knob(1.0, "Weight of the KL at the start, on the scale of the policy loss.", gt=0)
    adaptive: bool = knob(True, "Double the weight after an iteration far above the target, halve it far below.")


class AdaptiveClipConfig(Strict):
    name: Literal["adaptive_clip"] = "adaptive_clip"
    target: ThresholdConfig = knob(ThresholdConfig(), "KL to the old policy that the clip range is steered to.")
    clip_range: float = knob(1e-4, "Clip of the mean-reduced ratio at the start.", gt=0, lt=1)


class NoTrustRegionConfig(Strict):
    name: Literal["none"] = "none"


TrustRegionConfig = Annotated[
    DivergenceMaskConfig
    | PredictiveMaskConfig
    | RatioClipConfig
    | RatioNormClipConfig
    | KlPenaltyConfig
    | AdaptiveClipConfig
    | NoTrustRegionConfig,
    Field(discriminator="name"),
]
