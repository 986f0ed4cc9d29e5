"""A run that takes a second: the tiny pipeline, six prompts, a few iterations."""

from pathlib import Path
from typing import Any

from flowdppo_engine.config import RunConfig
from flowdppo_engine.recipes import merge

PROMPTS = ("a red cat", "a blue dog", "a tree", "two birds", "a house", "the sea")

FIELDS = {
    "seed": 7,
    "iterations": 4,
    "model": {"resolution": 16},
    "lora": {"rank": 4, "alpha": 8},
    "rollout": {
        "group_size": 4,
        "groups_per_iteration": 4,
        "num_denoising_steps": 4,
        "batch_size": 16,
        "stochastic_steps": {"name": "random_k_of_range", "k": 2, "first": 0, "last": 2},
    },
    "rewards": [{"name": "sandbox_picture_quality", "weight": 1.0}],
    "trust_region": {"name": "divergence_mask", "threshold": {"value": 1e-3}},
    "optimizer": {"lr": 3e-3},
    "update": {"tile_samples": 8},
    "evaluation": {"every": 2, "num_prompts": 4, "num_denoising_steps": 4},
    "checkpoint": {"every": 2, "keep_last": 3},
    "samples": {"every": 2, "num_prompts": 2, "seeds_per_prompt": 1},
}


def write_prompts(folder: Path) -> Path:
    path = folder / "prompts.txt"
    path.write_text("\n".join(PROMPTS), encoding="utf-8")
    return path


def tiny_fields(model: Path, prompts: Path, /, **changes: Any) -> dict[str, Any]:
    """The fields of a tiny run; `changes` are blocks on top."""
    own = {
        "model": {"source": str(model)},
        "prompts": {"train": str(prompts)},
        "evaluation": {"prompt_sets": [str(prompts)]},
    }
    return merge(merge(FIELDS, own), changes)


def tiny_config(model: Path, prompts: Path, /, **changes: Any) -> RunConfig:
    return RunConfig.model_validate(tiny_fields(model, prompts, **changes))
