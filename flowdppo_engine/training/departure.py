"""Starting from another run's checkpoint, which lies in the run folder as `start`: its weights, moments and place."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

from flowdppo_engine.config import DiffusionNftConfig, RunConfig
from flowdppo_engine.errors import BadConfig
from flowdppo_engine.training import checkpoints
from flowdppo_engine.training.checkpoints import START_FOLDER
from flowdppo_engine.training.objectives.build import trust_region_of
from flowdppo_engine.training.state import POSITION_FILE, TrainState


def lay(checkpoint: Path, run_folder: Path) -> None:
    """Copy a checkpoint into the run folder: its own run may delete it. Raises BadConfig where it is damaged."""
    _verify(checkpoint)
    staging = run_folder / f".{START_FOLDER}"
    shutil.copytree(checkpoint, staging)
    staging.rename(run_folder / START_FOLDER)


def find(config: RunConfig, run_folder: Path) -> Path | None:
    """The checkpoint that the run starts from, if any. Raises BadConfig where it is damaged, or leaves no work."""
    folder = run_folder / START_FOLDER
    if not folder.exists():
        return None
    _verify(folder)
    done = json.loads((folder / POSITION_FILE).read_text(encoding="utf-8"))["iteration"]
    if config.iterations <= done:
        raise BadConfig(
            f"iterations = {config.iterations}: the checkpoint that this run starts from has done {done} already; "
            f"give more than {done}."
        )
    return folder


def restore(state: TrainState, folder: Path, config: RunConfig, num_latent_dims: int) -> None:
    """Let `state` be as the checkpoint has it, but for what another configuration makes void.

    Whether the old policy is recomputed is found out anew; what adapts in another kind of trust region starts afresh.
    Raises BadConfig where the weights are those of another model or LoRA.
    """
    try:
        state.load(folder)
    except ValueError as error:
        raise BadConfig(f"The checkpoint cannot be started from with this model and lora: {error}") from error
    is_matching = isinstance(config.objective, DiffusionNftConfig)
    fresh = {} if is_matching else trust_region_of(config, num_latent_dims).state()
    kept = state.position.trust_region
    trust_region = kept if kept.keys() == fresh.keys() else fresh
    state.position = replace(state.position, recomputes_old_policy=None, trust_region=trust_region)


def _verify(folder: Path) -> None:
    try:
        checkpoints.verify(folder)
    except checkpoints.DamagedCheckpoint as damage:
        raise BadConfig(f"{folder} is no checkpoint to start from: {damage}.") from damage
