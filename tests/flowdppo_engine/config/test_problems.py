"""Combinations that cannot train are refused, each with field, value and remedy."""

import pytest
from pydantic import ValidationError

from flowdppo_engine.config import RunConfig
from flowdppo_engine.config_errors import explain

QUALITY = [{"name": "sandbox_picture_quality", "weight": 1}]
OTHER_MODEL = {"source": "/models/mine", "max_sequence_length": 256}
NFT = {
    "objective": {"name": "diffusion_nft"},
    "rollout": {"dynamics": {"name": "ode"}},
    "trust_region": {"name": "none"},
    "reference": {"measure": "velocity"},
}


def rejected(fields) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        RunConfig.model_validate(fields)
    return explain(caught.value)


def nft(**blocks) -> dict:
    return {**NFT, **{name: {**NFT.get(name, {}), **block} for name, block in blocks.items()}}


def window(**steps) -> dict:
    return {"rollout": {"stochastic_steps": {"name": "sliding_window", **steps}}}


@pytest.mark.parametrize(
    ("fields", "start", "remedy"),
    [
        # the model
        ({"model": {"family": "flux1", "max_sequence_length": 256}},
         "model.family = 'flux1': the sandbox's base model is an sd3", "choose sd3 or another source."),
        ({"model": {"num_frames": 5}}, "model.num_frames = 5: sd3 draws single images", "give 1, or family wan."),
        ({"model": {**OTHER_MODEL, "family": "wan", "num_frames": 32}}, "model.num_frames = 32", "give 29 or 33."),
        ({"model": {**OTHER_MODEL, "family": "flux1", "max_sequence_length": 600}},
         "model.max_sequence_length = 600 is more than the 512 tokens", "give at most 512."),
        ({"model": {**OTHER_MODEL, "family": "z_image", "max_sequence_length": 1}},
         "model.max_sequence_length = 1 leaves one token", "give 256 or more."),
        # dynamics and windows
        ({"rollout": {"dynamics": {"name": "ode"}}},
         "rollout.dynamics.name = ode has no randomness and so no ratio to train on", "or objective diffusion_nft."),
        ({"rollout": {"dynamics": {"noise_level": 0}}},
         "rollout.dynamics.noise_level = 0 makes every step deterministic", "give a level above 0."),
        ({"rollout": {"dynamics": {"name": "cps", "noise_level": 1.5}}},
         "rollout.dynamics.noise_level = 1.5 is past the end of CPS", "give at most 1."),
        ({"rollout": {"dynamics": {"name": "cps"}, "stochastic_steps": {"name": "all"}}},
         "rollout.stochastic_steps reach the last step (7), where CPS adds no noise", "choose first_k with k = 7."),
        ({"rollout": {"dynamics": {"name": "cps"}, "stochastic_steps": {"name": "sliding_window", "last": 7}}},
         "rollout.stochastic_steps reach the last step (7)", "choose first_k with k = 7."),
        ({"rollout": {"stochastic_steps": {"last": 8, "name": "random_k_of_range"}}},
         "rollout.stochastic_steps reach step 8, but rollout.num_denoising_steps = 8 ends at step 7",
         "add denoising steps."),
        ({"rollout": {"stochastic_steps": {"name": "first_k", "k": 9}}}, "rollout.stochastic_steps reach step 8",
         "add denoising steps."),
        ({"rollout": {"stochastic_steps": {"name": "random_k_of_range", "k": 5}}},
         "rollout.stochastic_steps.k = 5 is more than the steps from 0 to 3", "lower k or widen the range."),
        (window(size=3, first=2, last=3), "rollout.stochastic_steps.size = 3 is more than the steps from 2 to 3",
         "lower size or widen the range."),
        (window(first=4, last=2), "rollout.stochastic_steps.last = 2 lies before first = 4",
         "swap them."),
        # objective
        (nft(rollout={"dynamics": {"name": "cps"}}), "rollout.dynamics.name = cps: diffusion_nft needs no noise",
         "choose ode."),
        (nft(rollout={"shared_initial_noise": True}), "rollout.shared_initial_noise = true", "turn it off."),
        (nft(rollout={"ode": {"tail_fraction": 0.5}}), "rollout.ode.tail_fraction = 0.5", "num_denoising_steps."),
        (nft(trust_region={"name": "ratio_clip"}), "trust_region.name = ratio_clip: diffusion_nft has no ratio",
         "choose none."),
        (nft(objective={"num_times": 9}), "objective.num_times = 9 is more than the 8 noise levels",
         "raise rollout.num_denoising_steps."),
        (nft(reference={"measure": "mean"}), "reference.measure = mean", "choose velocity."),
        (nft(update={"old_policy": "recomputed"}), "update.old_policy = recomputed", "choose auto."),
        # trust regions
        ({"trust_region": {"name": "divergence_mask", "measured_on": "velocity", "threshold": {"scale": "nats"}}},
         "trust_region.threshold.scale = nats: measured_on velocity is no KL",
         "measured_on transition."),
        ({"trust_region": {"name": "adaptive_clip"}, "update": {"optimizer_steps_per_rollout": 1}},
         "trust_region.name = adaptive_clip is steered by the KL", "or update.inner_epochs."),
        ({"trust_region": {"name": "kl_penalty"}, "update": {"optimizer_steps_per_rollout": 1}},
         "trust_region.name = kl_penalty is steered by the KL", "or update.inner_epochs."),
        # rewards and prompts
        ({"rewards": [{"name": "sandbox_soft_tifa", "weight": 0}]}, "rewards: every weight is 0",
         "give one a weight."),
        ({"rewards": [{"name": "sandbox_soft_tifa"}] * 2}, "rewards: 'sandbox_soft_tifa' stands twice",
         "give the second a label of its own."),
        ({"prompts": {"train": "mine.txt"}}, "prompts.train = 'mine.txt' has no questions for sandbox_soft_tifa",
         "give a sandbox: set or a .jsonl."),
        ({"model": {**OTHER_MODEL, "family": "wan", "num_frames": 5},
          "rewards": [{"name": "jpeg_compressibility", "frames": {"num_frames": 8}}]},
         "rewards.0.frames.num_frames = 8 is more than the 5 frames of a video", "lower it."),
        # updates and averages
        ({"update": {"optimizer_steps_per_rollout": 513}},
         "update.optimizer_steps_per_rollout = 513 is more than the 512 images", "lower it."),
        ({"update": {"old_policy": "stored", "guidance_scale": 2.0}},
         "update.old_policy = stored keeps the velocities of guidance 1.0", "choose auto or recomputed."),
        ({"iterations": 3, "optimizer": {"warmup_steps": 7}},
         "optimizer.warmup_steps = 7 is more than the 6 optimizer steps of the run", "lower it."),
        ({"iterations": 3, "ema": {"every": 4}}, "ema.every = 4 is more than the 3 iterations", "set ema.decay = 0."),
        # what is kept
        ({"evaluation": {"prompt_sets": ["sandbox:in_domain"] * 2}},
         "evaluation.prompt_sets = 'sandbox:in_domain' stands twice", "list it once."),
        ({"tracking": {"trackers": ["wandb", "wandb"]}}, "tracking.trackers = 'wandb' stands twice", "list it once."),
        ({"checkpoint": {"keep_best": 1}, "evaluation": {"prompt_sets": []}},
         "checkpoint.keep_best = 1 needs evaluations", "or set checkpoint.keep_best = 0."),
        ({"checkpoint": {"best_score": "sandbox_soft_tifa"}},
         "checkpoint.best_score = 'sandbox_soft_tifa' has nothing to decide", "or leave the score empty."),
        ({"checkpoint": {"keep_best": 1, "best_score": "clip"}},
         "checkpoint.best_score = 'clip' is the score of no reward: give one of sandbox_soft_tifa, "
         "sandbox_picture_quality", "whose name begins so."),
    ],
)  # fmt: skip
def test_what_cannot_train_is_refused_with_the_reason(fields, start, remedy):
    (sentence,) = rejected(fields)
    assert sentence.startswith(start) and sentence.endswith(remedy)


def test_all_problems_are_told_at_once():
    fields = {
        "rollout": {"dynamics": {"name": "ode"}, "num_denoising_steps": 2},
        "update": {"optimizer_steps_per_rollout": 9999},
    }
    (sentences,) = rejected(fields)
    for start in ("rollout.dynamics.name", "rollout.stochastic_steps reach", "update.optimizer_steps_per_rollout"):
        assert start in sentences


@pytest.mark.parametrize(
    "fields",
    [
        {"prompts": {"train": "mine.txt"}, "rewards": QUALITY},
        {"rewards": [*QUALITY, *({"name": "jpeg_compressibility", "label": label} for label in ("a", "b"))]},
        {"checkpoint": {"keep_best": 2, "best_score": "sandbox_soft_tifa_count"}},
        {"trust_region": {"name": "kl_penalty", "adaptive": False}, "update": {"optimizer_steps_per_rollout": 1}},
        {"rollout": {"dynamics": {"name": "cps"}, "stochastic_steps": {"name": "first_k", "k": 7}}},
        {"model": {**OTHER_MODEL, "family": "wan", "num_frames": 33}},
        NFT,
    ],
)
def test_what_can_train_is_taken(fields):
    RunConfig.model_validate(fields)
