"""Sample pictures, images or videos: fixed prompts and seeds, as files with their scores."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from flowdppo_engine.config import RunConfig
from flowdppo_engine.evaluation.drawing import draw
from flowdppo_engine.evaluation.picture_files import save_picture
from flowdppo_engine.evaluation.statistics import NUM_DIGITS
from flowdppo_engine.events import Sample
from flowdppo_engine.models.base import FlowModel
from flowdppo_engine.models.conditions import ConditionStore
from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.suite import RewardSuite
from flowdppo_engine.training import keyed
from flowdppo_engine.training.grids import Grids


def initial_noise(model: FlowModel, seed: int) -> torch.Tensor:
    """x_T `[1, ...]` fp32 of a picture's seed: the same for every prompt, so any picture can be drawn again."""
    return keyed.normal((1, *model.latent_shape), seed, "picture")


def draw_pictures(
    config: RunConfig,
    model: FlowModel,
    store: ConditionStore,
    prompts: Sequence[Prompt],
    seeds: Sequence[int],
    check: Callable[[int], None] = lambda done: None,
) -> torch.Tensor:
    """Pictures `[P * S, ...]`, as the model decodes them, of each prompt with each seed, by prompt first."""
    denoising, pictures = Grids(config, model).evaluation(), []
    pairs = [(prompt, seed) for prompt in prompts for seed in seeds]
    for start in range(0, len(pairs), config.evaluation.batch_size):
        batch = pairs[start : start + config.evaluation.batch_size]
        noise = torch.cat([initial_noise(model, seed) for _, seed in batch])
        pictures.append(
            draw(
                model, denoising, store, [prompt for prompt, _ in batch], noise, lambda done, start=start: check(start)
            )
        )
    return torch.cat(pictures)


def save_samples(
    run_folder: Path,
    name: str,
    pictures: torch.Tensor,
    rewards: RewardSuite,
    prompts: Sequence[Prompt],
    seeds: Sequence[int],
    check: Callable[[], None] = lambda: None,
) -> list[Sample]:
    """Write pictures as `samples/<name>/0000.png` (or `.webp`) and on; returns what the event tells of them.

    `check` is called while their scores are waited for, and may raise to stop.
    """
    folder = run_folder / "samples" / name
    folder.mkdir(parents=True, exist_ok=True)
    pairs = [(prompt, seed) for prompt in prompts for seed in seeds]
    scores = rewards.measure(pictures, [prompt for prompt, _ in pairs], check).scores
    samples = []
    for index, (prompt, seed) in enumerate(pairs):
        path = save_picture(pictures[index], folder / f"{index:04d}")
        own_scores = {
            score: round(float(values[index]), NUM_DIGITS)
            for score, values in scores.items()
            if not values[index].isnan()
        }
        relative = path.relative_to(run_folder).as_posix()
        samples.append(Sample(index=index, path=relative, prompt=prompt.text, seed=seed, rewards=own_scores))
    return samples
