"""What to tell of a failure: the error, where it came from, what to try, and whether trying again is of use."""

import traceback
from pathlib import Path

from flowdppo_engine.errors import BadConfig, ModelNotFound
from flowdppo_engine.events import Failed
from flowdppo_engine.rewards.base import RewardError
from flowdppo_engine.training.update import TrainingDiverged

ENGINE = str(Path(__file__).parents[1])
NUM_LAST_FRAMES = 2
MEMORY_SIGNS = ("out of memory", "can't allocate memory")
MEMORY_HINT = (
    "Out of memory: lower update.tile_samples first, then rollout.batch_size and evaluation.batch_size; "
    "model.dtype = bfloat16, a smaller model.resolution or lora.rank help too."
)


def describe(error: Exception) -> Failed:
    """The `failed` event of an error that ended the run."""
    hint, deterministic = _judge(error)
    return Failed(
        error=f"{type(error).__name__}: {error}",
        traceback=_short_traceback(error),
        hint=hint,
        deterministic=deterministic,
    )


def _short_traceback(error: Exception) -> str:
    """The engine's own frames and the last ones; those of the libraries in between say little."""
    frames = traceback.extract_tb(error.__traceback__)
    last = len(frames) - NUM_LAST_FRAMES
    kept = [frame for i, frame in enumerate(frames) if i >= last or frame.filename.startswith(ENGINE)]
    return "".join(traceback.format_list(kept) + traceback.format_exception_only(error))


def _judge(error: Exception) -> tuple[str, bool]:
    """A remedy, and whether the same run would fail again."""
    if isinstance(error, MemoryError) or any(sign in str(error) for sign in MEMORY_SIGNS):
        return MEMORY_HINT, False
    match error:
        case BadConfig():
            return "Correct the field that the error names.", True
        case ModelNotFound():
            return "Check model.source and model.revision; a private model needs a login to the hub.", True
        case RewardError(is_transient=True):
            return "A reward's server failed: see whether it is up and what it logs, then try again.", False
        case RewardError():
            return "A reward has to score every image with a finite number; check its inputs and prompts.", True
        case TrainingDiverged():
            return "Lower optimizer.lr or optimizer.max_grad_norm, or tighten the trust region.", True
        case FileNotFoundError():
            return f"The file {error.filename} is missing.", True
        case OSError():
            return "The disk or the network failed; free some space or try again.", False
        case _:
            return "Not a failure that the engine knows; the traceback tells where it happened.", False
