"""RunConfig: every knob of a run, with its unit, bounds, default and help.

One schema serves the command line, the web form and the database. This module is torch-free, because the web process
imports it. Unknown keys are errors, and a combination that cannot work is refused here, before anything is queued.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Strict(BaseModel):
    """A block of settings: immutable, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def knob(default, help: str, *, unit: str = "", essential: bool = False, **bounds):
    """A field with its help, its unit and whether the short form shows it."""
    return Field(default, description=help, json_schema_extra={"unit": unit, "essential": essential}, **bounds)


class ModelConfig(Strict):
    family: Literal["sd3"] = knob("sd3", "Model family; decides the adapter that loads it.")
    source: str = knob(
        "sandbox", "`sandbox` (the bundled base model), a folder in the diffusers format, or a hub id.", min_length=1
    )
    revision: str | None = knob(None, "Branch, tag or commit on the hub; empty for the default branch.")
    dtype: Literal["float32", "bfloat16", "float16"] = knob("float32", "Precision of the frozen weights.")
    resolution: int = knob(64, "Height and width of an image.", unit="pixels", ge=16, le=2048, multiple_of=8)
    max_sequence_length: int = knob(
        1, "Length of the T5 part of a prompt; zeros where the model has no T5.", unit="tokens", ge=1, le=512
    )


class LoraConfig(Strict):
    rank: int = knob(16, "Rank of the LoRA matrices.", essential=True, ge=1, le=512)
    alpha: float = knob(32, "LoRA scale; the update is multiplied by alpha / rank.", gt=0)
    target_modules: tuple[str, ...] = knob(
        (
            "attn.to_q", "attn.to_k", "attn.to_v", "attn.to_out.0",
            "attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj", "attn.to_add_out",
        ),
        "Names of the linear layers that get a LoRA, matched at their end.",
        min_length=1,
    )  # fmt: skip


class PromptsConfig(Strict):
    train: str = knob(
        "sandbox:train", "Prompt set to train on: `sandbox:NAME`, a .txt file (one prompt a line) or GenEval2 .jsonl."
    )


class StochasticSteps(Strict):
    kind: Literal["all", "first_k", "random_k_of_range"] = knob(
        "random_k_of_range", "Which denoising steps are stochastic (and so trained); the others follow the ODE."
    )
    k: int = knob(2, "How many stochastic steps an iteration; not used by `all`.", unit="steps", ge=1)
    first: int = knob(0, "First step of the range to draw from.", unit="step index", ge=0)
    last: int = knob(3, "Last step of the range to draw from, included.", unit="step index", ge=0)


class DynamicsConfig(Strict):
    name: Literal["flow_sde", "cps", "ode"] = knob("flow_sde", "Sampler of the stochastic steps.", essential=True)
    noise_level: float = knob(
        0.8, "Noise of the stochastic steps: a of Flow-SDE, or eta of CPS (0 to 1).", essential=True, ge=0, le=2
    )


class RolloutConfig(Strict):
    group_size: int = knob(16, "Images drawn for each prompt; advantages compare within them.", essential=True, ge=2)
    groups_per_iteration: int = knob(32, "Prompts in an iteration.", essential=True, ge=1)
    num_denoising_steps: int = knob(8, "Denoising steps of a rollout.", unit="steps", essential=True, ge=2, le=200)
    schedule: Literal["linspace_shift", "diffusers"] = knob("linspace_shift", "How the sigma grid is laid.")
    shift: float = knob(1.0, "Shift of the sigma grid towards noise.", gt=0, le=20)
    stochastic_steps: StochasticSteps = StochasticSteps()
    dynamics: DynamicsConfig = DynamicsConfig()
    guidance_scale: float = knob(1.0, "Classifier-free guidance of rollout and update; 1 is none.", ge=1, le=30)
    shared_initial_noise: bool = knob(False, "Start every image of a group from the same x_T.")
    batch_size: int = knob(256, "Images denoised together.", unit="images", ge=1)


class SandboxSoftTifa(Strict):
    name: Literal["sandbox_soft_tifa"] = "sandbox_soft_tifa"
    weight: float = knob(1.0, "Weight in the summed reward; 0 only logs it.")
    aggregation: Literal["am", "gm"] = knob("gm", "Over a prompt's questions: arithmetic or geometric mean.")


class SandboxPictureQuality(Strict):
    name: Literal["sandbox_picture_quality"] = "sandbox_picture_quality"
    weight: float = knob(0.0, "Weight in the summed reward; 0 only logs it.")


class JpegCompressibility(Strict):
    name: Literal["jpeg_compressibility"] = "jpeg_compressibility"
    weight: float = knob(1.0, "Weight in the summed reward; 0 only logs it.")


class JpegIncompressibility(Strict):
    name: Literal["jpeg_incompressibility"] = "jpeg_incompressibility"
    weight: float = knob(1.0, "Weight in the summed reward; 0 only logs it.")


RewardConfig = Annotated[
    SandboxSoftTifa | SandboxPictureQuality | JpegCompressibility | JpegIncompressibility, Field(discriminator="name")
]


class AdvantageConfig(Strict):
    std: Literal["group", "batch"] = knob("group", "Divide by the standard deviation of the group or of the batch.")
    clip: float = knob(5.0, "Advantages are clipped to plus or minus this.", gt=0)
    eps: float = knob(1e-4, "The standard deviation is taken as at least this.", gt=0)


class ThresholdConfig(Strict):
    value: float = knob(1e-6, "Largest divergence at which an update that moves away is still allowed.", gt=0)
    scale: Literal["mean", "nats", "tv"] = knob(
        "mean", "Unit: KL as a mean over latent dimensions, KL in nats (the sum), or total variation (0 to 1)."
    )

    @model_validator(mode="after")
    def total_variation_is_a_probability(self):
        if self.scale == "tv" and self.value >= 1:
            raise ValueError(f"value = {self.value} is no total variation: give a number below 1, or scale: nats.")
        return self


class DivergenceMaskConfig(Strict):
    name: Literal["divergence_mask"] = "divergence_mask"
    threshold: ThresholdConfig = ThresholdConfig()
    asymmetric: bool = knob(True, "Block only updates that move away from the old policy (the paper's mask).")


class RatioClipConfig(Strict):
    name: Literal["ratio_clip"] = "ratio_clip"
    clip_range: float = knob(1e-4, "PPO's clip of the mean-reduced ratio.", gt=0, lt=1)


class NoTrustRegionConfig(Strict):
    name: Literal["none"] = "none"


TrustRegionConfig = Annotated[
    DivergenceMaskConfig | RatioClipConfig | NoTrustRegionConfig, Field(discriminator="name")
]


class OptimizerConfig(Strict):
    lr: float = knob(3e-4, "Learning rate of AdamW.", essential=True, gt=0, le=1)
    weight_decay: float = knob(1e-4, "Weight decay of AdamW.", ge=0)
    beta1: float = knob(0.9, "AdamW's first moment decay.", ge=0, lt=1)
    beta2: float = knob(0.999, "AdamW's second moment decay.", ge=0, lt=1)
    eps: float = knob(1e-8, "AdamW's epsilon.", gt=0)
    max_grad_norm: float = knob(1.0, "Gradients are scaled down to this norm.", gt=0)


class UpdateConfig(Strict):
    optimizer_steps_per_rollout: int = knob(2, "Parts a rollout is split into, one optimizer step each.", ge=1)
    inner_epochs: int = knob(1, "Passes over a rollout.", ge=1)
    tile_samples: int = knob(256, "Images in one forward and backward pass.", unit="images", ge=1)
    tile_steps: int = knob(1, "Denoising steps in one forward and backward pass.", unit="steps", ge=1)


class EmaConfig(Strict):
    decay: float = knob(0.9, "Share of the average that one iteration keeps; 0 evaluates the raw weights.", ge=0, lt=1)


class EvaluationConfig(Strict):
    prompt_sets: tuple[str, ...] = knob(
        ("sandbox:in_domain", "sandbox:out_of_domain"), "Prompt sets to score, each on its own."
    )
    every: int = knob(40, "Evaluate after this many iterations, and before the first and after the last.", ge=1)
    num_prompts: int = knob(256, "Prompts taken from the head of each set.", ge=1)
    num_denoising_steps: int = knob(8, "Denoising steps (ODE) of an evaluation.", unit="steps", ge=1, le=200)
    guidance_scale: float = knob(1.0, "Classifier-free guidance of an evaluation; 1 is none.", ge=1, le=30)
    seed: int = knob(42, "Seed of the evaluation's noise; the same for every checkpoint.", ge=0)
    batch_size: int = knob(256, "Images denoised together.", unit="images", ge=1)


class CheckpointConfig(Strict):
    every: int = knob(20, "Write a checkpoint after this many iterations.", unit="iterations", ge=1)
    keep_last: int = knob(3, "Checkpoints kept for resuming; older ones are deleted, the last never.", ge=1)


class SamplesConfig(Strict):
    every: int = knob(10, "Draw samples after this many iterations.", unit="iterations", ge=1)
    num_prompts: int = knob(8, "Prompts drawn, the same ones each time.", ge=1, le=64)
    seeds_per_prompt: int = knob(2, "Images for each of them, the same seeds each time.", ge=1, le=16)


class RunConfig(Strict):
    """A whole run. Raises pydantic.ValidationError that names each wrong field."""

    seed: int = knob(0, "Seed of everything random in the run.", essential=True, ge=0, le=2**31 - 1)
    iterations: int = knob(100, "Rollouts with their updates.", unit="iterations", essential=True, ge=1)
    model: ModelConfig = ModelConfig()
    lora: LoraConfig = LoraConfig()
    prompts: PromptsConfig = PromptsConfig()
    rollout: RolloutConfig = RolloutConfig()
    rewards: tuple[RewardConfig, ...] = knob((SandboxSoftTifa(), SandboxPictureQuality()), "Rewards.", min_length=1)
    advantage: AdvantageConfig = AdvantageConfig()
    trust_region: TrustRegionConfig = DivergenceMaskConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    update: UpdateConfig = UpdateConfig()
    ema: EmaConfig = EmaConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    checkpoint: CheckpointConfig = CheckpointConfig()
    samples: SamplesConfig = SamplesConfig()

    @model_validator(mode="after")
    def combination_can_work(self):
        problems = list(find_problems(self))
        if problems:
            raise ValueError(" ".join(problems))
        return self


def find_problems(config: RunConfig):
    """The combinations of valid fields that cannot train, each as a sentence naming field, value and remedy."""
    rollout, steps, dynamics = config.rollout, config.rollout.stochastic_steps, config.rollout.dynamics
    num_steps = rollout.num_denoising_steps
    last = {"all": num_steps - 1, "first_k": steps.k - 1, "random_k_of_range": steps.last}[steps.kind]
    if dynamics.name == "ode":
        yield "rollout.dynamics.name = ode has no randomness and so no ratio to train on: choose flow_sde or cps."
    elif dynamics.noise_level == 0:
        yield "rollout.dynamics.noise_level = 0 makes every step deterministic: give a level above 0."
    if dynamics.name == "cps" and dynamics.noise_level > 1:
        yield f"rollout.dynamics.noise_level = {dynamics.noise_level} is past the end of CPS: give at most 1."
    if last > num_steps - 1:
        yield (
            f"rollout.stochastic_steps reach step {last}, but rollout.num_denoising_steps = {num_steps} "
            f"ends at step {num_steps - 1}: lower the range or add denoising steps."
        )
    elif dynamics.name == "cps" and last == num_steps - 1:
        yield (
            f"rollout.stochastic_steps reach the last step ({last}), where CPS adds no noise: end at {num_steps - 2}."
        )
    if steps.kind == "random_k_of_range" and steps.last - steps.first + 1 < steps.k:
        yield (
            f"rollout.stochastic_steps.k = {steps.k} is more than the steps from {steps.first} to {steps.last}: "
            "lower k or widen the range."
        )
    if not any(reward.weight for reward in config.rewards):
        yield "rewards: every weight is 0, so there is nothing to train on: give one a weight."
    names = [reward.name for reward in config.rewards]
    if "sandbox_soft_tifa" in names:
        yield from _find_plain_prompts(config)
    if len(set(names)) < len(names):
        yield f"rewards: a name stands twice in {names}: list each reward once."
    if config.update.optimizer_steps_per_rollout > rollout.group_size * rollout.groups_per_iteration:
        yield (
            f"update.optimizer_steps_per_rollout = {config.update.optimizer_steps_per_rollout} is more than the "
            f"{rollout.group_size * rollout.groups_per_iteration} images of an iteration: lower it."
        )


def _find_plain_prompts(config: RunConfig):
    """Prompt sets without questions, for rewards that ask them."""
    named = [("prompts.train", config.prompts.train)]
    named += [("evaluation.prompt_sets", source) for source in config.evaluation.prompt_sets]
    for field, source in named:
        if source.endswith(".txt"):
            yield f"{field} = {source!r} has no questions for sandbox_soft_tifa: give a sandbox: set or a .jsonl."
