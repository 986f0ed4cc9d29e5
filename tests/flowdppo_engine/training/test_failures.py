import errno
import resource

import pytest
import torch

from flowdppo_engine.config import RunConfig
from flowdppo_engine.errors import BadConfig, ModelNotFound
from flowdppo_engine.events import parse_event
from flowdppo_engine.rewards.base import RewardError
from flowdppo_engine.training import run
from flowdppo_engine.training.failures import describe
from flowdppo_engine.training.state import TrainState
from flowdppo_engine.training.update import TrainingDiverged
from tests.flowdppo_engine.brightness import brightness_suite

CONFIG = RunConfig()


def raised(error: Exception) -> Exception:
    try:
        raise error
    except type(error) as caught:
        return caught


@pytest.mark.parametrize(
    ("error", "hint", "deterministic"),
    [
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), "Out of memory", False),
        (torch.OutOfMemoryError("CUDA out of memory"), "Out of memory", False),
        (FileNotFoundError(2, "No such file", "/models/x"), "/models/x is missing", True),
        (BadConfig("prompts.train: gone"), "field", True),
        (ModelNotFound("model.source = 'x'"), "model.source", True),
        (RewardError("reward r gave nan"), "finite number", True),
        (RewardError("the server says: out of memory"), "finite number", True),
        (RewardError("the server is away", is_transient=True), "try again", False),
        (TrainingDiverged("not finite"), "optimizer.lr (now 0.0003)", True),
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full", False),
        (OSError("network is down"), "try again", False),
        (KeyError("bug"), "traceback", False),
    ],
)
def test_each_failure_has_a_hint_and_a_verdict(error, hint, deterministic):
    failed = describe(raised(error), CONFIG)
    assert hint in failed.hint and failed.deterministic is deterministic
    assert failed.error.startswith(type(error).__name__)
    assert type(error).__name__ in failed.traceback


def test_it_is_told_where_memory_ran_out():
    assert describe(raised(torch.OutOfMemoryError("CUDA out of memory")), CONFIG).memory_ran_out_in == "training"
    assert describe(raised(KeyError("bug")), CONFIG).memory_ran_out_in == ""


def test_traceback_is_short_but_ends_where_it_happened():
    def deep(depth):
        if depth == 0:
            raise ValueError("at the bottom")
        deep(depth - 1)

    try:
        deep(50)
    except ValueError as error:
        traceback = describe(error, CONFIG).traceback
    assert traceback.count('File "') == 2 and "at the bottom" in traceback


def fail(config, folder, **options):
    """The metrics and the `failed` event of a run that fails."""
    assert run.train(config, folder, **{"rewards": brightness_suite(), **options}) == 1
    events = [parse_event(line) for line in (folder / "events.jsonl").read_bytes().splitlines()]
    assert events[-1].type == "failed"
    return [event.values for event in events if event.type == "metrics"], events[-1]


def poison_gradients(model):
    """From the second iteration on, one matrix of the LoRA gets a gradient that is not a number."""
    add_lora, seen = model.add_lora, []

    def add_poisoned(config, seed):
        add_lora(config, seed)
        parameter = next(iter(model.trainable_parameters().values()))
        parameter.register_hook(lambda grad: seen.append(None) or grad * (float("nan") if len(seen) > 8 else 1))

    model.add_lora = add_poisoned


def test_a_gradient_that_is_no_number_is_skipped_counted_and_in_the_end_explained(make_config, tiny_model, tmp_path):
    poison_gradients(tiny_model)
    config = make_config(
        iterations=9,
        optimizer={"max_skipped_steps": 5},
        trust_region={"name": "none"},
        evaluation={"every": 99},
        samples={"every": 99},
    )
    metrics, failed = fail(config, tmp_path / "run", model=tiny_model)
    skipped = [values["optim/skipped_steps"] for values in metrics]
    assert sum(skipped) <= 5 and skipped[0] == 0 and skipped[-1] == 2
    assert "optim/grad_norm" in metrics[0] and "optim/grad_norm" not in metrics[-1]
    assert "5 optimizer steps in a row" in failed.error and failed.deterministic
    assert "optim/skipped_steps" in failed.hint and "choose a trust region" in failed.hint
    assert "optimizer.warmup_steps" in failed.hint


def allow_no_larger_file(monkeypatch, at_save):
    """From the moment when the `at_save`-th checkpoint is filled until that fails, no file may exceed 1000 bytes."""
    save, calls = TrainState.save, []

    def limited(state, folder):
        calls.append(folder)
        _, hard = limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard) if len(calls) == at_save else limits)
        try:
            save(state, folder)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    monkeypatch.setattr(TrainState, "save", limited)


def test_a_full_disk_while_staging_loses_nothing_and_the_next_attempt_works(make_config, tmp_path, monkeypatch):
    """Safetensors tells of it with an error of its own, which is no OSError."""
    allow_no_larger_file(monkeypatch, at_save=2)
    config = make_config(checkpoint={"every": 1, "keep_last": 2})
    metrics, failed = fail(config, tmp_path / "run")
    assert len(metrics) == 2 and "step-000004 could not be written" in failed.error
    assert "The disk is full" in failed.hint and "keeps 2 checkpoints" in failed.hint and not failed.deterministic
    checkpoints = tmp_path / "run" / "checkpoints"
    assert [path.name for path in checkpoints.iterdir()] == ["step-000002"]
    assert run.resume(tmp_path / "run", rewards=brightness_suite()) == 0
    assert sorted(path.name for path in checkpoints.iterdir()) == ["step-000006", "step-000008"]
