"""What to tell of a failure: the error, where it came from, what to try, and whether trying again is of use."""

import errno
import traceback

from flowdppo_engine.config import RunConfig
from flowdppo_engine.errors import BadConfig, ModelNotFound
from flowdppo_engine.events import Failed
from flowdppo_engine.rewards.base import RewardError
from flowdppo_engine.training.memory_advice import ENGINE, advise, find_phase, ran_out_of_memory
from flowdppo_engine.training.processes import ProcessLost
from flowdppo_engine.training.update import TrainingDiverged

NUM_LAST_FRAMES = 2
FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FULL_DISK_SIGNS = tuple(f"os error {number}" for number in FULL_DISK)


def describe(error: Exception, config: RunConfig) -> Failed:
    """The `failed` event of an error that ended a run of `config`."""
    hint, deterministic = _judge(error, config)
    return Failed(
        error=f"{type(error).__name__}: {error}",
        traceback=_short_traceback(error),
        hint=hint,
        deterministic=deterministic,
        memory_ran_out_in=find_phase(error) if ran_out_of_memory(error) else "",
    )


def _short_traceback(error: Exception) -> str:
    """The engine's own frames and the last ones; those of the libraries in between say little."""
    frames = traceback.extract_tb(error.__traceback__)
    last = len(frames) - NUM_LAST_FRAMES
    kept = [frame for i, frame in enumerate(frames) if i >= last or frame.filename.startswith(str(ENGINE))]
    return "".join(traceback.format_list(kept) + traceback.format_exception_only(error))


def _judge(error: Exception, config: RunConfig) -> tuple[str, bool]:
    """A remedy, and whether the same run would fail again."""
    if ran_out_of_memory(error):
        return advise(error, config), False
    match error:
        case BadConfig():
            return "Correct the field that the error names.", True
        case ModelNotFound():
            return "Check model.source and model.revision; a private model needs a login to the hub.", True
        case RewardError(is_transient=True):
            return "What the reward needs was away: try again, the run goes on after its last checkpoint.", False
        case RewardError():
            return "A reward has to score every image with a finite number; check its inputs and prompts.", True
        case ProcessLost():
            return (
                "Another process of the run is gone, or did not come within the timeout: its standard error may tell "
                "more. One that was killed without a word may have been short of memory on its machine."
            ), False
        case TrainingDiverged():
            return _advise_divergence(config), True
        case FileNotFoundError():
            return f"The file {error.filename} is missing.", True
        case OSError() if error.errno in FULL_DISK or any(sign in str(error) for sign in FULL_DISK_SIGNS):
            return _advise_full_disk(config), False
        case OSError():
            return "The disk or the network failed; try again, the run goes on after its last checkpoint.", False
        case _:
            return "Not a failure that the engine knows; the traceback tells where it happened.", False


def _advise_divergence(config: RunConfig) -> str:
    optimizer, remedies = config.optimizer, []
    if config.model.dtype == "float16":
        remedies.append("set model.dtype = bfloat16, whose range is fp32's")
    remedies.append(f"lower optimizer.lr (now {optimizer.lr:g})")
    if not optimizer.warmup_steps:
        remedies.append("set optimizer.warmup_steps")
    remedies.append(f"lower optimizer.max_grad_norm (now {optimizer.max_grad_norm:g})")
    remedies.append("choose a trust region" if config.trust_region.name == "none" else "tighten the trust region")
    return (
        f"No step on such a gradient was made: the last checkpoint is sound, and optim/skipped_steps tells when it "
        f"began. In a new run, {'; '.join(remedies)}."
    )


def _advise_full_disk(config: RunConfig) -> str:
    checkpoint = config.checkpoint
    return (
        "The disk is full: free some space and try again, the run goes on after its last checkpoint. A run keeps "
        f"{checkpoint.keep_last + checkpoint.keep_best} checkpoints (checkpoint.keep_last, keep_best)."
    )
