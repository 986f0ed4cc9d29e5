"""Runs of two processes, started by `accelerate launch`, are the runs of one process; and all processes end as one."""

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest
from safetensors.torch import load_file

from flowdppo_engine.recipes import write_config
from tests.flowdppo_engine.tiny_run import tiny_config
from tests.flowdppo_engine.tiny_sd3 import make_pipeline
from tests.flowdppo_engine.training.run_folder import REPOSITORY, last_checkpoint, read_events
from tests.flowdppo_engine.training.together import (
    LAUNCH,
    assert_checkpoints_alike,
    assert_told_alike,
    environment_of_processes,
    make_workdir,
    run_in_two_processes,
)
from tests.flowdppo_engine.training.two_processes import ENDINGS, SHARDED, SHARDED_ENDINGS, VARIANTS

SAME = {name: f"{name}-alone" for name in VARIANTS} | {f"{name}-sharded": f"{name}-alone" for name in SHARDED}
SAME |= dict.fromkeys(("from_one_to_two", "from_two_to_one", "from_stop_file"), "policy_gradient-alone")
FAILURES = {
    "failed_reward": "process 1 of 2 (counted from 0): RewardError: reward brightness failed",
    "failed_reward-sharded": "process 1 of 2 (counted from 0): RewardError: reward brightness failed",
    "failed_update": "process 1 of 2 (counted from 0): RuntimeError: CUDA out of memory",
    "failed_main": "process 0 of 2 (counted from 0): KeyError: 'bug'",
    "failed_loading": "process 1 of 2 (counted from 0): FileNotFoundError: [Errno 2] gone: '/x'",
    "lost_other": "process 0 of 2 (counted from 0): ProcessLost: process 1 gave no sign of life",
    "killed_other": "process 0 of 2 (counted from 0): ProcessLost: ",
}
STOPS = [name for name in (*ENDINGS, *(f"{name}-sharded" for name in SHARDED_ENDINGS)) if name.startswith("stopped")]
# Far below a collective's timeout of half an hour, and above what a busy machine needs to load and to fail.
SECONDS = 60


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    return environment_of_processes()


@pytest.fixture(scope="module")
def workdir(tmp_path_factory) -> Path:
    return make_workdir(tmp_path_factory.mktemp("together"))


@pytest.fixture(scope="module")
def runs(workdir, environment) -> Path:
    return run_in_two_processes(workdir, "everything", environment)


@pytest.fixture(scope="module")
def exits(runs) -> list[dict[str, list[float]]]:
    """Exit code and seconds of each run, for both processes."""
    return [json.loads((runs / f"exits-{rank}.json").read_text()) for rank in (0, 1)]


@pytest.mark.parametrize(("name", "alone"), SAME.items())
def test_everything_told_is_what_one_process_tells(runs, exits, name, alone):
    assert [codes[name][0] for codes in exits] == [0, 0]
    assert_told_alike(runs / name, runs / alone)


@pytest.mark.parametrize(("name", "alone"), SAME.items())
def test_checkpoints_hold_what_those_of_one_process_hold(runs, name, alone):
    assert_checkpoints_alike(runs / name, runs / alone)


def metrics_of(folder: Path, name: str) -> list[float]:
    return [event.values[name] for event in read_events(folder) if event.type == "metrics"]


def test_some_tiles_are_masked_and_one_process_has_none_at_all(runs):
    assert max(metrics_of(runs / "masked", "mask/masked_fraction")) > 0.1
    assert metrics_of(runs / "no_advantage", "reward/zero_groups") == [0.5, 0.5]


@pytest.mark.parametrize("name", ["uneven", "uneven-sharded"])
def test_samples_of_all_processes_are_there(runs, name):
    last = [event for event in read_events(runs / name) if event.type == "samples"][-1]
    assert [sample.index for sample in last.samples] == [0, 1, 2]
    assert all((runs / name / sample.path).is_file() for sample in last.samples)


@pytest.mark.parametrize("name", ["uneven", "uneven-sharded"])
def test_groups_that_different_processes_drew_are_told_as_one_process_tells_them(runs, name):
    told, alone = (
        [event.samples for event in read_events(runs / folder) if event.type == "samples" and not event.are_fixed]
        for folder in (name, SAME[name])
    )
    assert [[sample.group for sample in samples] for samples in told] == [[0] * 4 + [2] * 4]
    for sample, expected in zip(*told, *alone, strict=True):
        assert (sample.path, sample.prompt) == (expected.path, expected.prompt)
        assert sample.advantage == pytest.approx(expected.advantage, abs=1e-2)
        assert sample.kl == pytest.approx(expected.kl, rel=0.05) and sample.kl > 0
        assert (runs / name / sample.path).is_file()


def test_a_sharded_runs_checkpoint_is_one_for_plain_diffusers(runs):
    pipeline = make_pipeline()
    checkpoint = last_checkpoint(runs / "uneven-sharded")
    pipeline.load_lora_weights(checkpoint, weight_name="pytorch_lora_weights.safetensors")
    loaded = {name: p for name, p in pipeline.transformer.named_parameters() if "lora_" in name}
    saved = load_file(checkpoint / "pytorch_lora_weights.safetensors")
    assert len(loaded) == len(saved)
    expected = sorted(float(tensor.double().square().sum()) for tensor in saved.values())
    assert sorted(float(p.detach().double().square().sum()) for p in loaded.values()) == pytest.approx(expected)


@pytest.mark.parametrize(("name", "error"), FAILURES.items())
def test_a_failure_of_any_process_ends_all_and_is_told_once(runs, exits, name, error):
    events = read_events(runs / name)
    failed = [event for event in events if event.type == "failed"]
    assert failed == events[-1:] and failed[0].error.startswith(error)
    assert "flowdppo_engine" in failed[0].traceback
    for codes in exits:
        code, seconds = codes[name]
        assert code in (1, -signal.SIGKILL) and seconds < SECONDS


@pytest.mark.parametrize("name", [name for name in STOPS if name != "stopped_while_loading"])
def test_a_stop_seen_by_one_ends_all_at_the_same_point(runs, exits, name):
    assert [codes[name][0] for codes in exits] == [0, 0]
    *_, checkpoint, last = (event for event in read_events(runs / name) if event.type in ("checkpoint", "finished"))
    assert last.stopped and 0 < last.iteration <= 2
    assert (checkpoint.type, checkpoint.iteration) == ("checkpoint", last.iteration)
    own = metrics_of(runs / name, "reward/mean")
    assert len(own) == last.iteration
    assert own == pytest.approx(metrics_of(runs / "policy_gradient-alone", "reward/mean")[: len(own)], abs=1e-5)


def test_a_stop_while_one_is_loading_ends_all(runs, exits):
    assert [codes["stopped_while_loading"][0] for codes in exits] == [143, 143]
    assert {event.type for event in read_events(runs / "stopped_while_loading")} <= {"phase", "log"}


def test_groups_that_cannot_be_shared_evenly_are_refused(runs, exits):
    assert [codes["uneven_groups"][0] for codes in exits] == [2, 2]
    failed = read_events(runs / "uneven_groups")[-1]
    assert "groups_per_iteration = 3 cannot be shared evenly by 2 processes" in failed.error and failed.deterministic


def test_the_command_line_is_stopped_through_its_launcher(workdir, environment, tmp_path):
    reward = {"name": "jpeg_compressibility", "weight": 1.0}
    config = tiny_config(workdir / "model", workdir / "prompts.txt", iterations=10_000, rewards=[reward])
    write_config(config, tmp_path / "run.yaml")
    arguments = ["-m", "flowdppo_engine", "train", "--config", tmp_path / "run.yaml", "--output", tmp_path / "run"]
    with (tmp_path / "console").open("w") as console:
        launcher = subprocess.Popen(
            [*LAUNCH, *arguments], cwd=REPOSITORY, env=environment, stdout=console, stderr=subprocess.DEVNULL
        )
        events = tmp_path / "run" / "events.jsonl"
        while launcher.poll() is None and not (events.exists() and '"metrics"' in events.read_text()):
            time.sleep(0.1)
        launcher.terminate()
        launcher.wait()
    last = read_events(tmp_path / "run")[-1]
    assert last.type == "finished" and last.stopped and last.iteration >= 1
    assert last_checkpoint(tmp_path / "run").name == f"step-{last.step:06d}"
    told = (tmp_path / "console").read_text()
    assert told.count("Started:") == told.count("Stopped after iteration") == 1
