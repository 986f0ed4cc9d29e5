"""Optimizer steps, and averages, within the length of the run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowdppo_engine.config.run import RunConfig


def find_in_update(config: RunConfig) -> Iterator[str]:
    update = config.update
    num_images = config.rollout.num_images
    if update.optimizer_steps_per_rollout > num_images:
        yield (
            f"update.optimizer_steps_per_rollout = {update.optimizer_steps_per_rollout} is more than the "
            f"{num_images} images of an iteration: lower it."
        )
    if update.old_policy == "stored" and update.guidance_scale not in (None, config.rollout.guidance_scale):
        yield (
            f"update.old_policy = stored keeps the velocities of guidance {config.rollout.guidance_scale}, but "
            f"update.guidance_scale = {update.guidance_scale}: choose auto or recomputed."
        )
    num_steps = config.iterations * update.num_steps_per_rollout
    if config.optimizer.warmup_steps > num_steps:
        yield (
            f"optimizer.warmup_steps = {config.optimizer.warmup_steps} is more than the {num_steps} optimizer steps "
            "of the run, which would end before its learning rate is reached: lower it."
        )
    if config.ema.decay and config.ema.every > config.iterations:
        yield (
            f"ema.every = {config.ema.every} is more than the {config.iterations} iterations of the run, so that the "
            "average, which is evaluated and saved, would stay the base model: lower it, or set ema.decay = 0."
        )
