"""What can run and is seldom meant: one sentence each, with the field, its value and what to do. Torch-free."""

from __future__ import annotations

from collections.abc import Iterator

from flowdppo_engine.config.latents import num_latent_dims
from flowdppo_engine.config.rollout import SlidingWindow
from flowdppo_engine.config.run import RunConfig

SD3_LATENT, FLUX2_LATENT = 16 * 64 * 64, 32 * 64 * 64
# The paper's clip ranges, for a latent of its models.
PAPERS_CLIP = {"ratio_clip": 1e-4, "ratio_norm_clip": 4e-6}
RANGE_OF_FLOAT16 = ("flux1", "flux2", "flux2_klein", "qwen_image", "z_image", "wan")


def find_warnings(config: RunConfig, latent_dims: int | None = None) -> Iterator[str]:
    """Sentences about a valid configuration that a person should read before it runs.

    `latent_dims` is the size of a latent where it is known; else that of the family's published weights.
    """
    yield from _about_guidance(config)
    yield from _about_trust_region(config)
    yield from _about_threshold(config, latent_dims or num_latent_dims(config.model))
    yield from _about_precision(config)
    yield from _about_denoising(config)
    yield from _about_rewards(config)
    yield from _about_averages(config)
    yield from _about_output(config)


def _about_guidance(config: RunConfig) -> Iterator[str]:
    rollout, update = config.rollout.guidance_scale, config.update.guidance_scale
    if update not in (None, rollout):
        yield (
            f"update.guidance_scale = {update:g}, but rollout.guidance_scale = {rollout:g}: the policy that is "
            "trained is not the one that drew the images; leave it empty for the same."
        )
    trained = rollout if update is None else update
    reference = config.reference.guidance_scale
    if config.reference.beta and reference not in (None, trained):
        yield (
            f"reference.guidance_scale = {reference:g}, but the policy is trained at {trained:g}: the penalty also "
            "teaches the policy to draw as the base model does with that guidance."
        )
    if config.model.family == "flux1" and rollout > 1:
        yield (
            f"rollout.guidance_scale = {rollout:g} runs FLUX.1 twice a step, on top of the guidance that it is told "
            f"(model.distilled_guidance_scale = {config.model.distilled_guidance_scale:g})."
        )


def _about_trust_region(config: RunConfig) -> Iterator[str]:
    region = config.trust_region.name
    if region != "none" and config.update.num_steps_per_rollout == 1:
        yield (
            f"trust_region.name = {region} cannot act: with one optimizer step a rollout the policy has not moved "
            "when it is judged (ratio 1, KL 0); raise update.optimizer_steps_per_rollout to 2."
        )


def _about_threshold(config: RunConfig, dims: int) -> Iterator[str]:
    """Bounds on a mean over latent dimensions loosen as the latent grows."""
    region = config.trust_region
    papers = FLUX2_LATENT if config.model.family in ("flux2", "flux2_klein") else SD3_LATENT
    if dims == papers:
        return
    field = "target" if region.name in ("kl_penalty", "adaptive_clip") else "threshold"
    bound = getattr(region, field, None)
    if bound and bound.scale == "mean":
        yield (
            f"trust_region.{field}.value = {bound.value:g} is a mean over {dims:,} latent dimensions here, and the "
            f"paper's thresholds over {papers:,}: it allows {bound.value * dims:.3g} nats a step where theirs would "
            f"allow {bound.value * papers:.3g}; write the bound you mean as scale: nats."
        )
    if region.name in PAPERS_CLIP:
        same = PAPERS_CLIP[region.name] * papers / dims
        if not same / 4 <= region.clip_range <= same * 4:
            yield (
                f"trust_region.clip_range = {region.clip_range:g} clips a mean over {dims:,} latent dimensions: what "
                f"{PAPERS_CLIP[region.name]:g} bounds over the paper's {papers:,} is {same:.3g} here."
            )


def _about_precision(config: RunConfig) -> Iterator[str]:
    model, update = config.model, config.update
    same_batches = update.tile_samples * update.tile_steps == config.rollout.batch_size
    if model.dtype != "float32" and not same_batches and update.old_policy != "recomputed":
        yield (
            f"update.tile_samples x tile_steps = {update.tile_samples * update.tile_steps}, but rollout.batch_size = "
            f"{config.rollout.batch_size}: in {model.dtype} another batch size gives other roundings, so that the "
            "ratio of a policy that has not moved is not 1, or the old policy must be computed anew for each update; "
            "make them equal."
        )
    if model.dtype == "float16" and model.family in RANGE_OF_FLOAT16:
        yield f"model.dtype = float16: {model.family} is known to overflow in it; choose bfloat16."
    if model.source != "sandbox" and model.family == "sd3" and model.max_sequence_length == 1:
        yield (
            "model.max_sequence_length = 1: the T5 encoder of SD3 then reads one token of each prompt; give 256, "
            "unless the model has no T5."
        )


def _about_denoising(config: RunConfig) -> Iterator[str]:
    rollout = config.rollout
    if rollout.schedule == "pipeline" and rollout.shift != 1:
        yield f"rollout.shift = {rollout.shift:g} has no effect with rollout.schedule = pipeline."
    if config.objective.name == "diffusion_nft":
        if rollout.guidance_scale > 1:
            yield f"rollout.guidance_scale = {rollout.guidance_scale:g}: DiffusionNFT was proposed without; give 1."
        return
    last, end = rollout.last_stochastic_step, rollout.num_denoising_steps - 1
    if last == end:
        yield (
            f"rollout.stochastic_steps reach the last step ({end}): the noise that it adds stays in the image, since "
            f"no step follows; end at {end - 1}."
        )
    if rollout.ode.tail_fraction < 1 and last == end:
        yield f"rollout.ode.tail_fraction = {rollout.ode.tail_fraction:g} has no step to shorten after the last one."
    steps = rollout.stochastic_steps
    if isinstance(steps, SlidingWindow) and steps.every >= config.iterations and steps.order == "progressive":
        yield (
            f"rollout.stochastic_steps.every = {steps.every}: the window does not move once in the run's "
            f"{config.iterations} iterations; lower it."
        )


def _about_rewards(config: RunConfig) -> Iterator[str]:
    weighted = [reward.logged_as for reward in config.rewards if reward.weight]
    if config.advantage.aggregation == "gdpo" and len(weighted) == 1:
        yield (
            f"advantage.aggregation = gdpo with one reward that has a weight ({weighted[0]}): there is nothing to "
            "balance; choose weighted_sum."
        )
    nft = config.objective
    if nft.name == "diffusion_nft" and config.advantage.clip < nft.advantage_max:
        yield (
            f"advantage.clip = {config.advantage.clip:g} is below objective.advantage_max = {nft.advantage_max:g}: no "
            "image then counts as certainly good or bad."
        )


def _about_averages(config: RunConfig) -> Iterator[str]:
    ema = config.ema
    if not ema.decay:
        yield "ema.decay = 0: evaluations and samples show the raw weights, which swing from one step to the next."
    kept = ema.decay ** (config.iterations // ema.every) if ema.schedule == "constant" else 0
    if kept > 0.5:
        yield (
            f"ema.decay = {ema.decay:g} every {ema.every} iterations: after the run's {config.iterations} the average "
            f"still is {kept:.0%} base model; lower decay or every, or choose schedule = warmup."
        )


def _about_output(config: RunConfig) -> Iterator[str]:
    checkpoint, evaluation = config.checkpoint, config.evaluation
    if checkpoint.keep_best and evaluation.every % checkpoint.every:
        yield (
            f"checkpoint.every = {checkpoint.every} and evaluation.every = {evaluation.every}: the best is chosen "
            "among checkpoints that were evaluated, and few of them are; let one divide the other."
        )
    if checkpoint.every > config.iterations:
        yield (
            f"checkpoint.every = {checkpoint.every} is more than the {config.iterations} iterations of the run: if it "
            "is cut short, it starts again from nothing."
        )
