"""A run's configuration cut down to one step: fewer images and iterations, every tensor of its real shape."""

from math import ceil
from typing import Any

from flowdppo_engine.config import RunConfig, TrackingConfig

# The first one warms up; the second one is what the others will be like, and has the optimizer's moments in memory.
NUM_STEPS = 2
NUM_EVALUATION_STEPS = 2


def one_step_of(config: RunConfig) -> RunConfig:
    """As many whole groups as fill a batch of the rollout and a tile of the update, one optimizer step on them.

    Not validated anew: the schedule of a shorter evaluation, say, need not suit a run.
    """
    rollout, update, evaluation = config.rollout, config.update, config.evaluation
    num_images = max(_batch(config), _tile(config))
    group_size = max(2, min(rollout.group_size, num_images))
    num_groups = min(rollout.groups_per_iteration, ceil(num_images / group_size))
    num_evaluated = min(evaluation.num_prompts, evaluation.batch_size)
    return _changed(
        config,
        iterations=NUM_STEPS,
        rollout=_changed(rollout, group_size=group_size, groups_per_iteration=num_groups),
        update=_changed(update, optimizer_steps_per_rollout=1, inner_epochs=1),
        evaluation=_changed(
            evaluation,
            num_prompts=num_evaluated,
            num_drift_prompts=min(evaluation.num_drift_prompts, num_evaluated),
            num_denoising_steps=min(evaluation.num_denoising_steps, NUM_EVALUATION_STEPS),
        ),
        samples=_changed(config.samples, num_prompts=1, rollout_groups=0),
        tracking=TrackingConfig(),
    )


def _batch(config: RunConfig) -> int:
    return min(config.rollout.batch_size, config.rollout.num_images)


def _tile(config: RunConfig) -> int:
    """Images of the largest tile that the run will have."""
    part = ceil(config.rollout.num_images / config.update.optimizer_steps_per_rollout)
    return min(config.update.tile_samples, part)


def _changed(block: Any, **values: object) -> Any:
    return block.model_copy(update=values)
