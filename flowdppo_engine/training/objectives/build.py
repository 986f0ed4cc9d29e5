"""The objective that a configuration names."""

from flowdppo_engine.config import DiffusionNftConfig, RunConfig
from flowdppo_engine.models.base import FlowModel
from flowdppo_engine.policy.thresholds import Threshold
from flowdppo_engine.policy.trust_regions import TrustRegion, make_trust_region
from flowdppo_engine.training.guidance import reference_guidance, update_guidance
from flowdppo_engine.training.objectives.base import Objective
from flowdppo_engine.training.objectives.forward_process import ForwardProcess
from flowdppo_engine.training.objectives.policy_gradient import PolicyGradient
from flowdppo_engine.training.objectives.reference import ReferencePenalty
from flowdppo_engine.training.state import TrainState


def make_objective(config: RunConfig, model: FlowModel, state: TrainState) -> Objective:
    """The objective as it stood when `state` was saved."""
    guidance = update_guidance(config)
    reference = ReferencePenalty(config.reference.beta, config.reference.measure, reference_guidance(config))
    if isinstance(config.objective, DiffusionNftConfig):
        return ForwardProcess(model, config.objective, config.seed, guidance, state.old_policy, reference)
    trust_region = trust_region_of(config, model.num_latent_dims)
    if state.position.iteration:
        trust_region = trust_region.with_state(state.position.trust_region)
    return PolicyGradient(model, guidance, trust_region, reference)


def trust_region_of(config: RunConfig, num_latent_dims: int) -> TrustRegion:
    """The run's trust region, its threshold or target converted to a mean over latent dimensions."""
    options = config.trust_region.model_dump(exclude={"name"})
    for bound in ("threshold", "target"):
        if bound in options:
            options[bound] = Threshold(**options[bound]).in_mean(num_latent_dims)
    return make_trust_region(config.trust_region.name, **options)
