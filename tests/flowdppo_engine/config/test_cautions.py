"""What can run and is seldom meant is said, and what is meant is not."""

import pytest

from flowdppo_engine.config import RunConfig
from flowdppo_engine.config.cautions import find_warnings
from flowdppo_engine.config.latents import num_latent_dims
from flowdppo_engine.recipes import list_recipes, load_recipe, merge, recipe_fields

SD3 = {"source": "stabilityai/stable-diffusion-3.5-medium", "resolution": 512, "max_sequence_length": 256}


def warnings_of(recipe: str = "sandbox-flow-dppo", **changes) -> list[str]:
    return list(find_warnings(RunConfig.model_validate(merge(recipe_fields(recipe), changes))))


@pytest.mark.parametrize("name", [recipe.name for recipe in list_recipes()])
def test_recipes_have_none(name):
    assert not list(find_warnings(load_recipe(name)))


@pytest.mark.parametrize(
    ("changes", "start", "advice"),
    [
        ({"update": {"guidance_scale": 2.0}}, "update.guidance_scale = 2, but rollout.guidance_scale = 1",
         "the same."),
        ({"reference": {"beta": 1e-3, "guidance_scale": 4.0}}, "reference.guidance_scale = 4, but", "that guidance."),
        ({"update": {"optimizer_steps_per_rollout": 1}}, "trust_region.name = divergence_mask cannot act", "to 2."),
        ({"model": {"dtype": "bfloat16"}, "update": {"tile_samples": 8}},
         "update.tile_samples x tile_steps = 8, but rollout.batch_size = 256", "make them equal."),
        ({"model": {"dtype": "bfloat16"}, "update": {"tile_steps": 2}}, "update.tile_samples x tile_steps = 512",
         "make them equal."),
        ({"model": {**SD3, "max_sequence_length": 1}}, "model.max_sequence_length = 1: the T5", "has no T5."),
        ({"rollout": {"schedule": "pipeline", "shift": 3.0}}, "rollout.shift = 3 has no effect", "= pipeline."),
        ({"rollout": {"stochastic_steps": {"last": 7}}}, "rollout.stochastic_steps reach the last step (7)",
         "end at 6."),
        ({"rewards": [{"name": "sandbox_soft_tifa"}], "advantage": {"aggregation": "gdpo"}},
         "advantage.aggregation = gdpo with one reward that has a weight (sandbox_soft_tifa)", "weighted_sum."),
        ({"ema": {"decay": 0.0}}, "ema.decay = 0", "to the next."),
        ({"ema": {"decay": 0.99, "every": 4}}, "ema.decay = 0.99 every 4 iterations: after the run's 90 the average "
         "still is 80% base model", "schedule = warmup."),
        ({"checkpoint": {"keep_best": 1, "every": 20}, "evaluation": {"every": 30}},
         "checkpoint.every = 20 and evaluation.every = 30", "divide the other."),
        ({"checkpoint": {"every": 100}}, "checkpoint.every = 100 is more than the 90 iterations", "from nothing."),
        ({"trust_region": {"threshold": {"value": 1e-7, "scale": "mean"}}},
         "trust_region.threshold.value = 1e-07 is a mean over 256 latent dimensions here, and the paper's thresholds "
         "over 65,536: it allows 2.56e-05 nats a step where theirs would allow 0.00655", "scale: nats."),
        ({"trust_region": {"name": "ratio_clip", "clip_range": 1e-4}},
         "trust_region.clip_range = 0.0001 clips a mean over 256", "over the paper's 65,536 is 0.0256 here."),
    ],
)  # fmt: skip
def test_what_is_seldom_meant_is_said(changes, start, advice):
    (sentence,) = warnings_of(**changes)
    assert sentence.startswith(start) and sentence.endswith(advice)


@pytest.mark.parametrize(
    ("recipe", "changes", "start"),
    [
        ("sandbox-mix-grpo", {"iterations": 8}, "rollout.stochastic_steps.every = 8: the window does not move"),
        ("sandbox-diffusion-nft", {"rollout": {"guidance_scale": 3.0}}, "rollout.guidance_scale = 3: DiffusionNFT"),
        ("sandbox-diffusion-nft", {"advantage": {"clip": 2.0}}, "advantage.clip = 2 is below objective.advantage_max"),
        ("flux1-flow-dppo", {"rollout": {"guidance_scale": 2.0}}, "rollout.guidance_scale = 2 runs FLUX.1 twice"),
        ("flux1-flow-dppo", {"model": {"dtype": "float16"}}, "model.dtype = float16: flux1 is known to overflow"),
        ("flux2-klein-flow-dppo", {"model": {"resolution": 1024}}, "trust_region.threshold.value = 1e-07 is a mean "
         "over 524,288 latent dimensions here, and the paper's thresholds over 131,072"),
    ],
)  # fmt: skip
def test_what_is_seldom_meant_with_other_recipes(recipe, changes, start):
    assert [sentence for sentence in warnings_of(recipe, **changes) if sentence.startswith(start)]


def test_a_threshold_in_nats_means_the_same_at_every_size():
    assert not warnings_of(trust_region={"threshold": {"value": 0.1, "scale": "nats"}})


def test_the_size_of_a_latent_that_is_known_is_the_one_that_counts():
    config = load_recipe("sd3.5-flow-dppo")
    assert not list(find_warnings(config, 65_536))
    assert "mean over 4,096" in next(find_warnings(config, 4_096))


@pytest.mark.parametrize(
    ("recipe", "dims"),
    [
        ("sandbox-flow-dppo", 4 * 8 * 8),
        ("sd3.5-flow-dppo", 16 * 64 * 64),
        ("flux1-flow-dppo", 65_536),  # packed: 1024 tokens of 64
        ("flux2-klein-flow-dppo", 131_072),  # packed: 1024 tokens of 128
        ("wan-flow-dppo", 16 * 9 * 30 * 52),
    ],
)
def test_the_size_of_the_published_latents(recipe, dims):
    assert num_latent_dims(load_recipe(recipe).model) == dims
