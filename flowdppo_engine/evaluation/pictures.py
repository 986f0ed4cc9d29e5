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
from flowdppo_engine.training.processes import ALONE, Processes


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
    processes: Processes = ALONE,
) -> torch.Tensor:
    """Pictures `[P * S, ...]`, as the model decodes them, of each prompt with each seed, by prompt first.

    Of several processes each draws its own share (`Processes.own_share`) of them.
    """
    denoising, pictures, done = Grids(config, model).evaluation(), [], 0
    pairs = [(prompt, seed) for prompt in prompts for seed in seeds]
    for batch in processes.own_batches(len(pairs), config.evaluation.batch_size):
        some = [pairs[index] for index in batch or range(1)]
        noise = torch.cat([initial_noise(model, seed) for _, seed in some])
        drawn = draw(model, denoising, store, [prompt for prompt, _ in some], noise, lambda _, done=done: check(done))
        pictures.append(drawn[: len(batch)])
        done += len(batch)
    return torch.cat(pictures) if pictures else torch.empty(0)


def save_samples(
    run_folder: Path,
    name: str,
    pictures: torch.Tensor,
    rewards: RewardSuite,
    prompts: Sequence[Prompt],
    seeds: Sequence[int],
    waiting: Callable[[], None] = lambda: None,
    processes: Processes = ALONE,
) -> list[Sample]:
    """Write pictures as `samples/<name>/0000.png` (or `.webp`) and on; returns what the event tells of them.

    Of several processes each saves its own share, as `draw_pictures` gave it. `waiting` is called while scores are
    waited for, and may raise to stop.
    """
    pairs = [(prompt, seed) for prompt in prompts for seed in seeds]
    own = processes.own_share(len(pairs))
    if not own:
        return []
    folder = run_folder / "samples" / name
    folder.mkdir(parents=True, exist_ok=True)
    scores = rewards.applying_to(prompts).measure(pictures, [pairs[index][0] for index in own], waiting).scores
    samples = []
    for row, index in enumerate(own):
        prompt, seed = pairs[index]
        path = save_picture(pictures[row], folder / f"{index:04d}")
        own_scores = {
            score: round(float(values[row]), NUM_DIGITS) for score, values in scores.items() if not values[row].isnan()
        }
        relative = path.relative_to(run_folder).as_posix()
        samples.append(Sample(index=index, path=relative, prompt=prompt.text, seed=seed, rewards=own_scores))
    return samples
