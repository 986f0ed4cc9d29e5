"""What a run shows and keeps: evaluations, checkpoints, samples, trackers."""

from typing import Literal

from flowdppo_engine.config.base import Strict, knob


class EvaluationConfig(Strict):
    prompt_sets: tuple[str, ...] = knob(
        ("sandbox:in_domain", "sandbox:out_of_domain"),
        "Prompt sets to score, each on its own. A reward that asks questions is left out on a set without any. "
        "Samples are drawn from the first.",
    )
    every: int = knob(40, "Evaluate after this many iterations, and before the first and after the last.", ge=1)
    num_prompts: int = knob(256, "Prompts taken from the head of each set.", ge=1)
    num_denoising_steps: int = knob(8, "Denoising steps (ODE) of an evaluation.", unit="steps", ge=1, le=200)
    guidance_scale: float = knob(1.0, "Classifier-free guidance of an evaluation; 1 is none.", ge=1, le=30)
    seed: int = knob(42, "Seed of the evaluation's noise; the same for every checkpoint.", ge=0)
    batch_size: int = knob(256, "Images denoised together.", unit="images", ge=1)
    num_drift_prompts: int = knob(
        32, "Prompts of each set on which the KL to the base model is measured too; 0 for none.", ge=0
    )


class CheckpointConfig(Strict):
    every: int = knob(20, "Write a checkpoint after this many iterations.", unit="iterations", ge=1)
    keep_last: int = knob(3, "Checkpoints kept for resuming; older ones are deleted, the last never.", ge=1)
    keep_best: int = knob(0, "Checkpoints kept beside those for their evaluation.", ge=0)
    best_score: str | None = knob(
        None, "Score that tells the best, on the first prompt set; empty for the first reward that has a weight."
    )


class SamplesConfig(Strict):
    every: int = knob(10, "Draw samples after this many iterations.", unit="iterations", ge=1)
    num_prompts: int = knob(8, "Prompts drawn, the same ones each time.", ge=1, le=64)
    seeds_per_prompt: int = knob(2, "Images for each of them, the same seeds each time.", ge=1, le=16)
    rollout_groups: int = knob(
        1,
        "Groups of the iteration whose images are kept too, as training drew and judged them; 0 for none.",
        unit="groups",
        ge=0,
        le=16,
    )


class TrackingConfig(Strict):
    trackers: tuple[Literal["tensorboard", "wandb", "trackio"], ...] = knob(
        (), "Trackers that get every metric too, through accelerate; each needs its package."
    )
    project: str = knob("flowdppo", "Project or folder name at the tracker.", min_length=1)
