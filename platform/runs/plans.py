"""What a run will take, and what to look at twice, in sentences for a person who is about to submit it."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from flowdppo_engine.config import RunConfig
from flowdppo_engine.config.cautions import find_warnings
from flowdppo_engine.planning.cost import RunCost
from runs.estimates import sizes_on_this_server
from runs.server_paths import on_this_server


@dataclass(frozen=True)
class Plan:
    facts: tuple[str, ...]
    warnings: tuple[str, ...]


def plan_of(data: Mapping) -> Plan | None:
    """The plan of a configuration, given as plain data; None where it is not a good one."""
    try:
        config = on_this_server(RunConfig.model_validate(data))
    except ValidationError:
        return None
    return Plan(_facts(config, RunCost(config, sizes_on_this_server(config))), tuple(find_warnings(config)))


def _facts(config: RunConfig, cost: RunCost) -> tuple[str, ...]:
    thing = "videos" if config.model.num_frames > 1 else "images"
    shown = cost.total_units - config.iterations * cost.units_per_iteration
    return (
        f"{cost.num_images:,} {thing} to train on ({config.rollout.num_images:,} an iteration), "
        f"{cost.num_optimizer_steps:,} optimizer steps.",
        f"At most {cost.total_units:,.0f} passes through the network, {shown / cost.total_units:.0%} of them for "
        f"evaluations and samples; a backward pass counts as one.",
    )
