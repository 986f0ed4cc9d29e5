import pytest

from flowdppo_engine.errors import BadConfig, ModelNotFound
from flowdppo_engine.rewards.base import RewardError
from flowdppo_engine.training.failures import describe
from flowdppo_engine.training.update import TrainingDiverged


def raised(error: Exception) -> Exception:
    try:
        raise error
    except type(error) as caught:
        return caught


@pytest.mark.parametrize(
    ("error", "hint", "deterministic"),
    [
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), "update.tile_samples", False),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "update.tile_samples", False),
        (MemoryError(), "rollout.batch_size", False),
        (FileNotFoundError(2, "No such file", "/models/x"), "/models/x is missing", True),
        (BadConfig("prompts.train: gone"), "field", True),
        (ModelNotFound("model.source = 'x'"), "model.source", True),
        (RewardError("reward r gave nan"), "finite number", True),
        (RewardError("reward r: no answer", is_transient=True), "see whether it is up", False),
        (TrainingDiverged("not finite"), "optimizer.lr", True),
        (OSError("No space left on device"), "try again", False),
        (KeyError("bug"), "traceback", False),
    ],
)
def test_each_failure_has_a_hint_and_a_verdict(error, hint, deterministic):
    failed = describe(raised(error))
    assert hint in failed.hint and failed.deterministic is deterministic
    assert failed.error.startswith(type(error).__name__)
    assert type(error).__name__ in failed.traceback


def test_traceback_is_short_but_ends_where_it_happened():
    def deep(depth):
        if depth == 0:
            raise ValueError("at the bottom")
        deep(depth - 1)

    try:
        deep(50)
    except ValueError as error:
        traceback = describe(error).traceback
    assert traceback.count('File "') == 2 and "at the bottom" in traceback
