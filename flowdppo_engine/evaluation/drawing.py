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
    batch_size: int,
    check: Callable[[int], None] = lambda done: None,
) -> Scored:
    """Scores of one ODE image a prompt.

    `check` is called before each pass, and while scores are waited for, with how many images are done; it may raise.
    """
    pending = []
    for start in range(0, len(prompts), batch_size):
        batch = prompts[start : start + batch_size]
        noise = initial_noise[start : start + batch_size]
        images = draw(model, denoising, store, batch, noise, lambda done, start=start: check(start))
        pending.append(rewards.submit(images, batch))
    return Scored.cat([rewards.collect(batch, lambda: check(len(prompts))) for batch in pending])
