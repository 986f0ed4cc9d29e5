"""The models that are measured: the sandbox's, and a small one of every family with random weights."""

from pathlib import Path

import torch

from flowdppo_engine.config import RunConfig
from flowdppo_engine.models.pipeline_model import PipelineModel
from flowdppo_engine.models.registry import family_class, load_model
from flowdppo_engine.recipes import apply_overrides, merge, recipe_fields
from flowdppo_engine.rewards.suite import RewardSuite
from tests.benchmarks.engine.loop import Subject
from tests.flowdppo_engine.brightness import Brightness
from tests.flowdppo_engine.models.tiny import tiny_family
from tests.flowdppo_engine.tiny_run import write_prompts

RECIPE = "sandbox-flow-dppo"
# Layers of a tiny network, times this: the loop's work on a latent is the same in a network of any depth, and those
# that people train have dozens of layers.
DEPTH = 6
# Its prompts are long in the tests' tokens, a token a letter, so that it is slow as it is.
DEPTHS = {"qwen_image": 2}
DEPTH_KEYS = ("num_layers", "num_single_layers", "n_layers")
# Where the tests' latents are too few tokens for the network to be what is measured.
LARGER = {"wan": {"resolution": 64, "width": 64}}
NOT_PART = ["evaluation.num_prompts=1", "samples.num_prompts=1", "samples.seeds_per_prompt=1"]


class AnyBrightness(Brightness):
    """Of images and of videos: next to nothing to compute."""

    takes_videos = True


def any_brightness() -> RewardSuite:
    return RewardSuite({AnyBrightness(): 1.0})


def sandbox(num_groups: int | None = None) -> Subject:
    """The sandbox's recipe; `num_groups` of images instead of its own for a shorter iteration."""
    overrides = NOT_PART + ([f"rollout.groups_per_iteration={num_groups}"] if num_groups else [])
    config = RunConfig.model_validate(apply_overrides(recipe_fields(RECIPE), overrides))
    return Subject(RECIPE, config, lambda config: load_model(config.model, torch.device("cpu")))


def tiny(name: str, folder: Path, **changes) -> Subject:
    """A family of the tests, deepened. `folder` gets the prompts; `changes` are blocks of the configuration."""
    family, prompts = tiny_family(name), write_prompts(folder)
    fields = {
        "iterations": 100,
        "model": {"family": name, "source": "random weights", **family.fields, **LARGER.get(name, {})},
        "lora": {"rank": 4, "alpha": 8},
        "rollout": {
            "group_size": 8,
            "groups_per_iteration": 4,
            "num_denoising_steps": 6,
            "batch_size": 32,
            "schedule": "pipeline",
            "stochastic_steps": {"name": "random_k_of_range", "k": 2, "first": 0, "last": 2},
        },
        "rewards": [{"name": "jpeg_compressibility"}],
        "trust_region": {"name": "divergence_mask", "threshold": {"value": 1e-3}},
        "update": {"tile_samples": 16},
        "prompts": {"train": str(prompts)},
        "evaluation": {"prompt_sets": [str(prompts)]},
    }
    config = RunConfig.model_validate(apply_overrides(merge(fields, changes), NOT_PART))
    return Subject(name, config, _make_tiny, any_brightness)


def _make_tiny(config: RunConfig) -> PipelineModel:
    pipeline = tiny_family(config.model.family).make_pipeline()
    depth = min(DEPTH, DEPTHS.get(config.model.family, DEPTH))
    pipeline.transformer = _deepened(pipeline.transformer, depth)
    return family_class(config.model.family)(pipeline, config.model)


def _deepened(network: torch.nn.Module, depth: int) -> torch.nn.Module:
    """The same network with `depth` times as many layers, and random weights."""
    deeper = {key: depth * network.config[key] for key in DEPTH_KEYS if key in network.config}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = type(network).from_config({**network.config, **deeper})
        for name, parameter in made.named_parameters():
            # A fresh Z-Image leaves its padding tokens as whatever the memory held.
            if name.endswith("pad_token"):
                torch.nn.init.normal_(parameter, std=0.02)
    return made
