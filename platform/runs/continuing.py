"""Whether a run can go on with more iterations, or from a checkpoint with another configuration."""

from collections.abc import Mapping
from typing import Any

from flowdppo_engine.config import RunConfig
from flowdppo_engine.recipes import merge
from runs.config_errors import ConfigInvalid, check_config
from runs.entries import lists
from runs.models import Checkpoint, Run

MAX_ITERATIONS = 1_000_000
# What the weights are for; the whole of `lora` besides.
FIXED_OF_MODEL = ("family", "source", "revision")


class NotPossible(ValueError):
    """What was asked does not go together with where the run is; the message says why, and what to do."""


def config_with_more(run: Run, num_iterations: int) -> dict:
    """The run's configuration with so many iterations in all. Raises ConfigInvalid."""
    _require_more(num_iterations, run.total_iterations)
    config = run.config | {"iterations": num_iterations}
    check_config(config)
    return config


def config_from(checkpoint: Checkpoint, changes: Mapping[str, Any]) -> RunConfig:
    """The checked configuration of a run that starts from the checkpoint. Raises ConfigInvalid."""
    before = checkpoint.run.config
    config = merge(before, dict(changes))
    _require_more(config.get("iterations"), checkpoint.iteration)
    _require_lists_of_blocks(config)
    checked = check_config(config)
    _require_same_weights(checked.model_dump(mode="json"), before)
    return checked


def caution_about_schedule(config: Mapping[str, Any]) -> str:
    """What becomes of the learning rate when there are more iterations; empty where nothing does."""
    schedule = config.get("optimizer", {}).get("schedule", "constant")
    if schedule == "constant":
        return ""
    return (
        f"The learning rate falls over the whole run (optimizer.schedule = {schedule}), so it jumps up where the run "
        "goes on: it is not the run that would have had as many from the start."
    )


def _require_more(num_iterations: Any, done: int) -> None:
    """What is no number is the schema's to refuse."""
    if isinstance(num_iterations, int) and not done < num_iterations <= MAX_ITERATIONS:
        message = f"“{num_iterations}” does not fit: {done} are done. Give more than that, at most {MAX_ITERATIONS:,}."
        raise ConfigInvalid({"iterations": [message]})


def _require_lists_of_blocks(config: Mapping) -> None:
    """What explains a configuration's errors at their fields needs that much of it."""
    for union in lists():
        blocks = config.get(union.dotted, [])
        if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
            raise ConfigInvalid({union.dotted: [f"Give a list of blocks, each with its {union.discriminator}."]})


def _require_same_weights(config: Mapping, before: Mapping) -> None:
    fixed = [("lora", field) for field in config["lora"]] + [("model", field) for field in FIXED_OF_MODEL]
    errors = {
        f"{block}.{field}": [f"The checkpoint was made with {before[block][field]}: leave it as it is."]
        for block, field in fixed
        if field in before[block] and config[block][field] != before[block][field]
    }
    if errors:
        raise ConfigInvalid(errors)
