"""Advantages, optimizer, update and averaging."""

from typing import Literal

from flowdppo_engine.config.base import Strict, knob


class AdvantageConfig(Strict):
    aggregation: Literal["weighted_sum", "gdpo"] = knob(
        "weighted_sum", "Add up the rewards and normalise the sum, or normalise each reward first (GDPO)."
    )
    std: Literal["group", "batch"] = knob(
        "group", "Divide by the standard deviation of the group or of the batch; not used by `gdpo`."
    )
    clip: float = knob(5.0, "Advantages are clipped to plus or minus this.", gt=0)
    eps: float = knob(1e-4, "Added to the standard deviation that is divided by.", gt=0)


class OptimizerConfig(Strict):
    lr: float = knob(3e-4, "Learning rate of AdamW.", essential=True, gt=0, le=1)
    schedule: Literal["constant", "linear", "cosine"] = knob(
        "constant", "How the learning rate falls to 0 over the run; `constant` keeps it."
    )
    warmup_steps: int = knob(0, "Optimizer steps over which the learning rate rises from 0.", unit="steps", ge=0)
    weight_decay: float = knob(1e-4, "Weight decay of AdamW.", ge=0)
    beta1: float = knob(0.9, "AdamW's first moment decay.", ge=0, lt=1)
    beta2: float = knob(0.999, "AdamW's second moment decay.", ge=0, lt=1)
    eps: float = knob(1e-8, "AdamW's epsilon.", gt=0)
    max_grad_norm: float = knob(1.0, "Gradients are scaled down to this norm.", gt=0)
    max_skipped_steps: int = knob(
        5, "Steps in a row whose gradient was not finite, after which the run stops.", unit="steps", ge=1
    )


class UpdateConfig(Strict):
    optimizer_steps_per_rollout: int = knob(2, "Parts a rollout is split into, one optimizer step each.", ge=1)
    inner_epochs: int = knob(1, "Passes over a rollout.", ge=1)
    tile_samples: int = knob(256, "Images in one forward and backward pass.", unit="images", ge=1)
    tile_steps: int = knob(1, "Denoising steps in one forward and backward pass.", unit="steps", ge=1)
    guidance_scale: float | None = knob(
        None, "Classifier-free guidance of the update; empty for that of the rollout.", ge=1, le=30
    )
    guidance_gradient: Literal["conditional", "both"] = knob(
        "conditional",
        "With guidance, `conditional` runs the unconditional pass without a gradient. That drops the term "
        "(1 - scale) * d(unconditional velocity) and saves a third of an update; values are the same.",
    )
    old_policy: Literal["auto", "stored", "recomputed"] = knob(
        "auto",
        "Where the old policy's velocities come from: stored at rollout, recomputed before the update (one more "
        "forward pass), or recomputed only where the noise floor or another guidance asks for it.",
    )

    @property
    def num_steps_per_rollout(self) -> int:
        """Optimizer steps of an iteration, over all inner epochs."""
        return self.optimizer_steps_per_rollout * self.inner_epochs


class EmaConfig(Strict):
    decay: float = knob(
        0.9, "Share of the average that one update of it keeps; 0 evaluates the raw weights.", ge=0, lt=1
    )
    every: int = knob(1, "Update the average after this many iterations.", unit="iterations", ge=1)
    schedule: Literal["constant", "warmup"] = knob(
        "constant", "`warmup` starts with a short memory: decay min((1 + n) / (10 + n), decay) at update n."
    )
