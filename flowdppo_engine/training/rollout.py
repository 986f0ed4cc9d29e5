"""From noise to latents: the one denoising loop of rollouts, evaluations and samples.

Shapes: N images, B of a batch, `...` the latent's own axes.
"""

from collections.abc import Callable, Iterable, Mapping

import torch

from flowdppo_engine.models.base import FlowModel
from flowdppo_engine.models.conditions import Conditions
from flowdppo_engine.training.batch import RecordedStep
from flowdppo_engine.training.denoising import Denoising

Observe = Callable[[int, torch.Tensor, torch.Tensor], None]


@torch.no_grad()
def walk(
    model: FlowModel,
    denoising: Denoising,
    sample: torch.Tensor,
    condition: Conditions,
    steps: Iterable[int],
    step_noise: Mapping[int, torch.Tensor] | None = None,
    check: Callable[[], None] = lambda: None,
    observe: Observe = lambda step, sample, velocity: None,
) -> tuple[torch.Tensor, list[RecordedStep]]:
    """Take `sample` (`[B, ...]` fp32) through denoising `steps`.

    Args:
        condition: B encoded prompts.
        step_noise: SDE noise `[B, ...]` of each stochastic denoising step; the other steps follow the ODE.
        check: called before each pass through the network; may raise to stop.
        observe: called with each step, the sample `[B, ...]` that it starts from and the velocity there.

    Returns:
        The sample after the last step, `[B, ...]` fp32, and what was recorded of the stochastic steps.
    """
    step_noise, records, history = step_noise or {}, [], None
    for step in steps:
        check()
        velocity = model.velocity(
            sample, denoising.sigmas[step].to(sample.device), condition, denoising.guidance_scale
        )
        observe(step, sample, velocity)
        if step in step_noise:
            next_sample = denoising.policy(step, velocity, sample).sample(step_noise[step].to(sample.device))
            records.append(RecordedStep(step, sample, next_sample, velocity))
            history = None
        else:
            solved = denoising.solver(velocity, sample, *denoising.sigmas[step : step + 2], history)
            next_sample, history = solved.sample, solved.history
        sample = next_sample
    return sample, records


def denoise(
    model: FlowModel,
    denoising: Denoising,
    initial_noise: torch.Tensor,
    condition_of: Callable[[torch.Tensor], Conditions],
    *,
    batch_size: int,
    check: Callable[[int], None] = lambda done: None,
) -> torch.Tensor:
    """Latents `[N, ...]` fp32 from `initial_noise` (the same shape) by the ODE, in batches.

    Args:
        condition_of: the conditions of image rows (`[B]` int64).
        check: called before each pass through the network with how many images are done; may raise to stop.
    """
    latents = []
    for rows in torch.arange(len(initial_noise)).split(batch_size):
        done = int(rows[0])
        sample = initial_noise[rows].to(model.device)
        sample, _ = walk(
            model, denoising, sample, condition_of(rows), range(denoising.num_steps), check=lambda d=done: check(d)
        )
        latents.append(sample)
    return torch.cat(latents)
