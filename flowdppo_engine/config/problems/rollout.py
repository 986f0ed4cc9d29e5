"""Dynamics, and the denoising steps that they may be used at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from flowdppo_engine.config.rollout import RandomSteps, SlidingWindow

if TYPE_CHECKING:
    from flowdppo_engine.config.run import RunConfig


def find_in_rollout(config: RunConfig) -> Iterator[str]:
    if config.objective.name == "diffusion_nft":
        return  # It takes no stochastic step.
    yield from _find_in_dynamics(config)
    yield from _find_in_range(config)
    yield from _find_in_last_step(config)


def _find_in_dynamics(config: RunConfig) -> Iterator[str]:
    dynamics = config.rollout.dynamics
    if dynamics.name == "ode":
        yield (
            "rollout.dynamics.name = ode has no randomness and so no ratio to train on: choose flow_sde, dance_sde or "
            "cps, or objective diffusion_nft."
        )
    elif dynamics.noise_level == 0:
        yield "rollout.dynamics.noise_level = 0 makes every step deterministic: give a level above 0."
    if dynamics.name == "cps" and dynamics.noise_level > 1:
        yield f"rollout.dynamics.noise_level = {dynamics.noise_level} is past the end of CPS: give at most 1."


def _find_in_range(config: RunConfig) -> Iterator[str]:
    steps = config.rollout.stochastic_steps
    if not isinstance(steps, RandomSteps | SlidingWindow):
        return
    field, chosen = ("k", steps.k) if isinstance(steps, RandomSteps) else ("size", steps.size)
    if steps.last < steps.first:
        yield f"rollout.stochastic_steps.last = {steps.last} lies before first = {steps.first}: swap them."
    elif steps.last - steps.first + 1 < chosen:
        yield (
            f"rollout.stochastic_steps.{field} = {chosen} is more than the steps from {steps.first} to "
            f"{steps.last}: lower {field} or widen the range."
        )


def _find_in_last_step(config: RunConfig) -> Iterator[str]:
    rollout = config.rollout
    last, end = rollout.last_stochastic_step, rollout.num_denoising_steps - 1
    if last > end:
        yield (
            f"rollout.stochastic_steps reach step {last}, but rollout.num_denoising_steps = "
            f"{rollout.num_denoising_steps} ends at step {end}: lower the range or add denoising steps."
        )
    elif rollout.dynamics.name == "cps" and last == end:
        yield (
            f"rollout.stochastic_steps reach the last step ({end}), where CPS adds no noise: end at {end - 1}, or "
            f"choose first_k with k = {end}."
        )
