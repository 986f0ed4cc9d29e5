"""RunConfig: a whole run."""

from pydantic import model_validator

from flowdppo_engine.config.base import Strict, knob
from flowdppo_engine.config.model import LoraConfig, ModelConfig
from flowdppo_engine.config.objective import ObjectiveConfig, PolicyGradientConfig, ReferenceConfig
from flowdppo_engine.config.output import CheckpointConfig, EvaluationConfig, SamplesConfig, TrackingConfig
from flowdppo_engine.config.problems import find_problems
from flowdppo_engine.config.rewards import RewardConfig, SandboxPictureQuality, SandboxSoftTifa
from flowdppo_engine.config.rollout import RolloutConfig
from flowdppo_engine.config.training import AdvantageConfig, EmaConfig, OptimizerConfig, UpdateConfig
from flowdppo_engine.config.trust_region import DivergenceMaskConfig, TrustRegionConfig


class PromptsConfig(Strict):
    train: str = knob(
        "sandbox:train", "Prompt set to train on: `sandbox:NAME`, a .txt file (one prompt a line) or GenEval2 .jsonl."
    )


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
    objective: ObjectiveConfig = PolicyGradientConfig()
    trust_region: TrustRegionConfig = DivergenceMaskConfig()
    reference: ReferenceConfig = ReferenceConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    update: UpdateConfig = UpdateConfig()
    ema: EmaConfig = EmaConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    checkpoint: CheckpointConfig = CheckpointConfig()
    samples: SamplesConfig = SamplesConfig()
    tracking: TrackingConfig = TrackingConfig()

    @model_validator(mode="after")
    def combination_can_work(self):
        problems = list(find_problems(self))
        if problems:
            raise ValueError(" ".join(problems))
        return self
