import pytest

from flowdppo_engine.config import RunConfig
from flowdppo_engine.jobs.smaller import one_step_of


def small(rollout=None, update=None, evaluation=None):
    base = {"group_size": 16, "groups_per_iteration": 32, "batch_size": 64}
    return one_step_of(
        RunConfig(rollout=base | (rollout or {}), update=update or {"tile_samples": 16}, evaluation=evaluation or {})
    )


def num_images(config):
    return config.rollout.num_images


@pytest.mark.parametrize(
    ("rollout", "update", "group_size", "num_groups"),
    [
        ({}, {}, 16, 16),  # one tile of an optimizer step: 256 images
        ({}, {"tile_samples": 16}, 16, 4),  # a batch
        ({"batch_size": 16}, {"tile_samples": 40}, 16, 3),  # a tile
        ({"batch_size": 8}, {"tile_samples": 4}, 8, 1),  # a part of a group
        ({"batch_size": 1}, {"tile_samples": 1}, 2, 1),  # a group has two
        ({"batch_size": 4096}, {"tile_samples": 4096}, 16, 32),  # the whole iteration
    ],
)
def test_a_batch_and_a_tile_are_as_large_as_in_the_run(rollout, update, group_size, num_groups):
    config = small(rollout, update or {"tile_samples": 256})
    assert (config.rollout.group_size, config.rollout.groups_per_iteration) == (group_size, num_groups)


def test_shapes_stay_and_repetitions_go():
    config = small(update={"tile_samples": 16, "inner_epochs": 3, "tile_steps": 2})
    assert (config.update.inner_epochs, config.update.optimizer_steps_per_rollout) == (1, 1)
    assert (config.update.tile_samples, config.update.tile_steps) == (16, 2)
    assert (config.rollout.batch_size, config.rollout.num_denoising_steps) == (64, 8)
    assert config.iterations == 2


def test_an_evaluation_is_a_batch_of_few_steps():
    config = small(evaluation={"num_prompts": 512, "batch_size": 24, "num_denoising_steps": 40})
    assert (config.evaluation.num_prompts, config.evaluation.num_denoising_steps) == (24, 2)
    assert config.evaluation.num_drift_prompts == 24
