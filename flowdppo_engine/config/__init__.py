"""RunConfig: every knob of a run, with its unit, bounds, default and help.

One schema serves the command line, the web form and the database. This package is torch-free, because the web process
imports it. Unknown keys are errors, and a combination that cannot work is refused here, before anything is queued.
"""

from flowdppo_engine.config.base import Strict, knob
from flowdppo_engine.config.model import LoraConfig, ModelConfig
from flowdppo_engine.config.objective import (
    DiffusionNftConfig,
    ObjectiveConfig,
    OldPolicyDecay,
    PolicyGradientConfig,
    ReferenceConfig,
)
from flowdppo_engine.config.output import CheckpointConfig, EvaluationConfig, SamplesConfig, TrackingConfig
from flowdppo_engine.config.problems import find_problems
from flowdppo_engine.config.remote_rewards import (
    HttpRewardConfig,
    RemoteRewardOptions,
    ScoreAnswer,
    VlmJudgeConfig,
    YesProbabilityAnswer,
)
from flowdppo_engine.config.reward_models import (
    AestheticConfig,
    ClipScoreConfig,
    GenEval2Config,
    Hpsv2Config,
    OcrConfig,
    PickScoreConfig,
)
from flowdppo_engine.config.reward_options import (
    FramesConfig,
    ImageRewardOptions,
    LocalRewardOptions,
    RewardModelOptions,
    RewardOptions,
)
from flowdppo_engine.config.rewards import (
    CustomRewardConfig,
    JpegCompressibility,
    JpegIncompressibility,
    RewardConfig,
    SandboxPictureQuality,
    SandboxSoftTifa,
)
from flowdppo_engine.config.rollout import (
    AllSteps,
    DynamicsConfig,
    FirstSteps,
    OdeConfig,
    RandomSteps,
    RolloutConfig,
    SlidingWindow,
    StochasticStepsConfig,
)
from flowdppo_engine.config.run import PromptsConfig, RunConfig
from flowdppo_engine.config.training import AdvantageConfig, EmaConfig, OptimizerConfig, UpdateConfig
from flowdppo_engine.config.trust_region import (
    AdaptiveClipConfig,
    DivergenceMaskConfig,
    KlPenaltyConfig,
    NoTrustRegionConfig,
    PredictiveMaskConfig,
    RatioClipConfig,
    RatioNormClipConfig,
    ThresholdConfig,
    TrustRegionConfig,
)

__all__ = [
    "AdaptiveClipConfig",
    "AdvantageConfig",
    "AestheticConfig",
    "AllSteps",
    "CheckpointConfig",
    "ClipScoreConfig",
    "CustomRewardConfig",
    "DiffusionNftConfig",
    "DivergenceMaskConfig",
    "DynamicsConfig",
    "EmaConfig",
    "EvaluationConfig",
    "FirstSteps",
    "FramesConfig",
    "GenEval2Config",
    "Hpsv2Config",
    "HttpRewardConfig",
    "ImageRewardOptions",
    "JpegCompressibility",
    "JpegIncompressibility",
    "KlPenaltyConfig",
    "LocalRewardOptions",
    "LoraConfig",
    "ModelConfig",
    "NoTrustRegionConfig",
    "ObjectiveConfig",
    "OcrConfig",
    "OdeConfig",
    "OldPolicyDecay",
    "OptimizerConfig",
    "PickScoreConfig",
    "PolicyGradientConfig",
    "PredictiveMaskConfig",
    "PromptsConfig",
    "RandomSteps",
    "RatioClipConfig",
    "RatioNormClipConfig",
    "ReferenceConfig",
    "RemoteRewardOptions",
    "RewardConfig",
    "RewardModelOptions",
    "RewardOptions",
    "RolloutConfig",
    "RunConfig",
    "SamplesConfig",
    "SandboxPictureQuality",
    "SandboxSoftTifa",
    "ScoreAnswer",
    "SlidingWindow",
    "StochasticStepsConfig",
    "Strict",
    "ThresholdConfig",
    "TrackingConfig",
    "TrustRegionConfig",
    "UpdateConfig",
    "VlmJudgeConfig",
    "YesProbabilityAnswer",
    "find_problems",
    "knob",
]
