"""An objective with a rollout, a trust region and a reference that it can use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowdppo_engine.config.run import RunConfig


def find_in_objective(config: RunConfig) -> Iterator[str]:
    if config.objective.name == "diffusion_nft":
        yield from _find_in_forward_process(config)
    else:
        yield from _find_in_policy_gradient(config)


def _find_in_forward_process(config: RunConfig) -> Iterator[str]:
    rollout, num_times = config.rollout, config.objective.num_times
    if rollout.dynamics.name != "ode":
        yield (
            f"rollout.dynamics.name = {rollout.dynamics.name}: diffusion_nft needs no noise in a rollout: choose ode."
        )
    if rollout.shared_initial_noise:
        yield (
            "rollout.shared_initial_noise = true: diffusion_nft's rollouts draw no other noise, so the images of a "
            "group would all be the same: turn it off."
        )
    if rollout.ode.tail_fraction < 1:
        yield (
            f"rollout.ode.tail_fraction = {rollout.ode.tail_fraction}: diffusion_nft has no stochastic step that a "
            "tail could follow: give 1, or lower rollout.num_denoising_steps."
        )
    if config.trust_region.name != "none":
        yield (
            f"trust_region.name = {config.trust_region.name}: diffusion_nft has no ratio that a trust region could "
            "judge: choose none."
        )
    if num_times > rollout.num_denoising_steps:
        yield (
            f"objective.num_times = {num_times} is more than the {rollout.num_denoising_steps} noise levels of the "
            "grid: lower it or raise rollout.num_denoising_steps."
        )
    if config.reference.measure != "velocity":
        yield f"reference.measure = {config.reference.measure}: diffusion_nft has no transitions: choose velocity."
    if config.update.old_policy != "auto":
        yield (
            f"update.old_policy = {config.update.old_policy}: diffusion_nft's old policy is an average of its weights "
            "(objective.old_policy): choose auto."
        )


def _find_in_policy_gradient(config: RunConfig) -> Iterator[str]:
    region = config.trust_region
    if region.name == "divergence_mask" and region.measured_on != "transition" and region.threshold.scale != "mean":
        yield (
            f"trust_region.threshold.scale = {region.threshold.scale}: measured_on {region.measured_on} is no KL: "
            "choose mean, or measured_on transition."
        )
    adapts = region.name == "adaptive_clip" or (region.name == "kl_penalty" and region.adaptive)
    if adapts and config.update.num_steps_per_rollout == 1:
        yield (
            f"trust_region.name = {region.name} is steered by the KL after the first optimizer step of a rollout, but "
            "there is one only: raise update.optimizer_steps_per_rollout or update.inner_epochs."
        )
