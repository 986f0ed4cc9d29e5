"""Combinations of valid fields that cannot train, each as a sentence that names field, value and remedy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from flowdppo_engine.config.objective import DiffusionNftConfig
from flowdppo_engine.config.reward_options import ImageRewardOptions
from flowdppo_engine.config.rollout import AllSteps, FirstSteps, RandomSteps, SlidingWindow

if TYPE_CHECKING:
    from flowdppo_engine.config.run import RunConfig


def find_problems(config: RunConfig) -> Iterator[str]:
    yield from _find_in_model(config)
    if isinstance(config.objective, DiffusionNftConfig):
        yield from _find_in_forward_process(config)
    else:
        yield from _find_in_dynamics(config)
        yield from _find_in_stochastic_steps(config)
        yield from _find_in_trust_region(config)
    yield from _find_in_rewards(config)
    yield from _find_in_update(config)


def _find_in_model(config: RunConfig) -> Iterator[str]:
    model = config.model
    if model.num_frames > 1 and model.family != "wan":
        yield f"model.num_frames = {model.num_frames}: {model.family} draws single images: give 1, or family wan."
    if model.source == "sandbox" and model.family != "sd3":
        yield f"model.family = {model.family!r}: the sandbox's base model is an sd3: choose sd3 or another source."


def _find_in_forward_process(config: RunConfig) -> Iterator[str]:
    rollout = config.rollout
    if rollout.dynamics.name != "ode":
        yield (
            f"rollout.dynamics.name = {rollout.dynamics.name}: diffusion_nft needs no noise in its rollout: choose ode."
        )
    if config.trust_region.name != "none":
        yield (
            f"trust_region.name = {config.trust_region.name}: diffusion_nft has no ratio that a trust region could "
            "judge: choose none."
        )
    if config.objective.num_times > rollout.num_denoising_steps:
        yield (
            f"objective.num_times = {config.objective.num_times} is more than the {rollout.num_denoising_steps} noise "
            "levels of the grid: lower it or raise rollout.num_denoising_steps."
        )
    if config.reference.measure != "velocity":
        yield (f"reference.measure = {config.reference.measure}: diffusion_nft has no transitions: choose velocity.")


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


def _find_in_stochastic_steps(config: RunConfig) -> Iterator[str]:
    rollout, steps = config.rollout, config.rollout.stochastic_steps
    num_steps, last = rollout.num_denoising_steps, _last_stochastic_step(config)
    if last > num_steps - 1:
        yield (
            f"rollout.stochastic_steps reach step {last}, but rollout.num_denoising_steps = {num_steps} "
            f"ends at step {num_steps - 1}: lower the range or add denoising steps."
        )
    elif rollout.dynamics.name == "cps" and last == num_steps - 1:
        yield (
            f"rollout.stochastic_steps reach the last step ({last}), where CPS adds no noise: end at {num_steps - 2}."
        )
    if isinstance(steps, RandomSteps | SlidingWindow):
        field, drawn = ("k", steps.k) if isinstance(steps, RandomSteps) else ("size", steps.size)
        if steps.last - steps.first + 1 < drawn:
            yield (
                f"rollout.stochastic_steps.{field} = {drawn} is more than the steps from {steps.first} to "
                f"{steps.last}: lower {field} or widen the range."
            )


def _last_stochastic_step(config: RunConfig) -> int:
    match config.rollout.stochastic_steps:
        case AllSteps():
            return config.rollout.num_denoising_steps - 1
        case FirstSteps(k=k):
            return k - 1
        case RandomSteps(last=last) | SlidingWindow(last=last):
            return last


def _find_in_trust_region(config: RunConfig) -> Iterator[str]:
    region = config.trust_region
    if region.name == "divergence_mask" and region.measured_on == "velocity" and region.threshold.scale != "mean":
        yield (
            f"trust_region.threshold.scale = {region.threshold.scale}: a squared difference of velocities is no KL: "
            "choose mean, or measured_on transition."
        )
    adapts = region.name == "adaptive_clip" or (region.name == "kl_penalty" and region.adaptive)
    if adapts and config.update.optimizer_steps_per_rollout * config.update.inner_epochs == 1:
        yield (
            f"trust_region.name = {region.name} is steered by the KL after the first optimizer step of a rollout, but "
            "there is one only: raise update.optimizer_steps_per_rollout or update.inner_epochs."
        )


def _find_in_rewards(config: RunConfig) -> Iterator[str]:
    if not any(reward.weight for reward in config.rewards):
        yield "rewards: every weight is 0, so there is nothing to train on: give one a weight."
    for reward in config.rewards:
        if reward.asks_questions:
            yield from _find_plain_prompts(config, reward.logged_as)
        if config.model.num_frames > 1 and not isinstance(reward, ImageRewardOptions):
            yield f"rewards: {reward.name} scores single images, but the model draws videos: choose another reward."
    labels = [reward.logged_as for reward in config.rewards]
    if len(set(labels)) < len(labels):
        yield f"rewards: a name stands twice in {labels}: list each reward once, or give each a label."


def _find_plain_prompts(config: RunConfig, reward: str) -> Iterator[str]:
    """Prompt sets without questions, for rewards that ask them."""
    named = [("prompts.train", config.prompts.train)]
    named += [("evaluation.prompt_sets", source) for source in config.evaluation.prompt_sets]
    for field, source in named:
        if source.endswith(".txt"):
            yield f"{field} = {source!r} has no questions for {reward}: give a sandbox: set or a .jsonl."


def _find_in_update(config: RunConfig) -> Iterator[str]:
    num_images = config.rollout.group_size * config.rollout.groups_per_iteration
    if config.update.optimizer_steps_per_rollout > num_images:
        yield (
            f"update.optimizer_steps_per_rollout = {config.update.optimizer_steps_per_rollout} is more than the "
            f"{num_images} images of an iteration: lower it."
        )
    update_scale, rollout_scale = config.update.guidance_scale, config.rollout.guidance_scale
    if config.update.old_policy == "stored" and update_scale not in (None, rollout_scale):
        yield (
            f"update.old_policy = stored keeps the velocities of guidance {rollout_scale}, but "
            f"update.guidance_scale = {update_scale}: choose auto or recomputed."
        )
