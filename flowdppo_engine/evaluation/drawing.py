"""Latents to pictures to scores, batch by batch, so that no more than a batch of pictures is ever held."""

from collections.abc import Callable, Sequence

import torch

from flowdppo_engine.models.base import FlowModel
from flowdppo_engine.models.conditions import ConditionStore
from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.suite import RewardSuite, Scored
from flowdppo_engine.training.denoising import Denoising
from flowdppo_engine.training.rollout import denoise


def draw(
    model: FlowModel,
    denoising: Denoising,
    store: ConditionStore,
    prompts: Sequence[Prompt],
    initial_noise: torch.Tensor,
    check: Callable[[int], None] = lambda done: None,
) -> torch.Tensor:
    """Pictures `[B, ...]`, as the model decodes them, of B prompts by the ODE from `initial_noise` `[B, ...]`."""
    conditions = store.get([prompt.text for prompt in prompts], model.device)
    latents = denoise(model, denoising, initial_noise, conditions.take, batch_size=len(prompts), check=check)
    return model.decode(latents)


def score_prompts(
    model: FlowModel,
    denoising: Denoising,
    store: ConditionStore,
    rewards: RewardSuite,
    prompts: Sequence[Prompt],
    initial_noise: torch.Tensor,
    batches: Sequence[range],
    check: Callable[[int], None] = lambda done: None,
    waiting: Callable[[], None] = lambda: None,
) -> Scored | None:
    """Scores of one ODE image for each of the prompts in `batches`; None where those are empty.

    `check` is called before each pass with how many images are done, `waiting` while scores are waited for; both may
    raise. An empty batch is a pass that nothing comes of, made because others make theirs.
    """
    pending, done = [], 0
    for batch in batches:
        rows = batch or range(1)
        some = [prompts[row] for row in rows]
        images = draw(model, denoising, store, some, initial_noise[list(rows)], lambda _, done=done: check(done))
        if batch:
            pending.append(rewards.submit(images, some))
        done += len(batch)
    return Scored.cat([rewards.collect(batch, waiting) for batch in pending]) if pending else None
