"""Runs of two processes, started by `accelerate launch`, are the runs of one process; and all processes end as one."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from flowdppo_engine.recipes import write_config
from tests.flowdppo_engine.tiny_run import tiny_config, write_prompts
from tests.flowdppo_engine.tiny_sd3 import make_pipeline
from tests.flowdppo_engine.training.run_folder import REPOSITORY, facts, last_checkpoint, read_events
from tests.flowdppo_engine.training.two_processes import (
    BLIND_FOR,
    ENDINGS,
    SHARDED,
    SHARDED_ENDINGS,
    SHARING_OPTIMIZER,
    VARIANTS,
)
from tests.flowdppo_engine.training.zero2_steps import SHAPES

LAUNCH = (
    *(sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"),
    *("--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"),
)
SAME = {name: f"{name}-alone" for name in VARIANTS} | {f"{name}-sharded": f"{name}-alone" for name in SHARDED}
SAME |= {f"{name}-zero2": f"{name}-alone" for name in SHARING_OPTIMIZER}
SAME |= {f"from_{way}": "policy_gradient-alone" for way in ("one_to_zero2", "zero2_to_one")}
SAME |= {"from_one_to_two": "policy_gradient-alone", "from_two_to_one": "policy_gradient-alone"}
FAILURES = {
    "failed_reward": "process 1 of 2 (counted from 0): RewardError: reward brightness failed",
    "failed_reward-sharded": "process 1 of 2 (counted from 0): RewardError: reward brightness failed",
    "failed_update": "process 1 of 2 (counted from 0): RuntimeError: CUDA out of memory",
    "failed_update-zero2": "process 1 of 2 (counted from 0): RuntimeError: CUDA out of memory",
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
    own = {
        "PYTHONPATH": str(REPOSITORY),
        "OMP_NUM_THREADS": "1",
        "ACCELERATE_USE_CPU": "true",
        "DS_ACCELERATOR": "cpu",
    }
    return {**os.environ, **own}


@pytest.fixture(scope="module")
def workdir(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("together")
    make_pipeline().save_pretrained(folder / "model")
    write_prompts(folder)
    (folder / "two.txt").write_text(f"a red cat\n{BLIND_FOR}\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def runs(workdir, environment) -> Path:
    script = Path(__file__).with_name("two_processes.py")
    subprocess.run(
        [*LAUNCH, script, workdir], check=True, cwd=REPOSITORY, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=400,
    )  # fmt: skip
    return workdir


@pytest.fixture(scope="module")
def exits(runs) -> list[dict[str, list[float]]]:
    """Exit code and seconds of each run, for both processes."""
    return [json.loads((runs / f"exits-{rank}.json").read_text()) for rank in (0, 1)]


def numbers_of(value, path=()):
    """Every number of nested fields, and every text, by where it stands."""
    match value:
        case dict():
            return {k: v for key in value for k, v in numbers_of(value[key], (*path, key)).items()}
        case list() | tuple():
            return {k: v for index, one in enumerate(value) for k, v in numbers_of(one, (*path, index)).items()}
    return {path: value}


def without_checkpoints(told: dict) -> dict:
    """A run that was stopped has one more of them."""
    return {key: fields for key, fields in told.items() if key[0] != "checkpoint"}


def tensors_of(checkpoint: Path) -> dict[str, torch.Tensor]:
    return {
        f"{path.relative_to(checkpoint)}:{name}": tensor
        for path in sorted(checkpoint.rglob("*.safetensors"))
        for name, tensor in load_file(path).items()
    }


@pytest.mark.parametrize(("name", "alone"), SAME.items())
def test_everything_told_is_what_one_process_tells(runs, exits, name, alone):
    assert [codes[name][0] for codes in exits] == [0, 0]
    told, expected = (numbers_of(without_checkpoints(facts(runs / run))) for run in (name, alone))
    assert told.keys() == expected.keys()
    for where, value in expected.items():
        if isinstance(value, float):
            assert told[where] == pytest.approx(value, rel=2e-3, abs=2e-4), where
        else:
            assert told[where] == value, where


@pytest.mark.parametrize(("name", "alone"), SAME.items())
def test_checkpoints_hold_what_those_of_one_process_hold(runs, name, alone):
    own, expected = last_checkpoint(runs / name), last_checkpoint(runs / alone)
    assert own.name == expected.name
    tensors, others = tensors_of(own), tensors_of(expected)
    assert tensors.keys() == others.keys()
    moved = max(float(tensor.abs().max()) for key, tensor in others.items() if "lora_B" in key)
    assert moved > 1e-3
    for key, tensor in others.items():
        torch.testing.assert_close(tensors[key], tensor, rtol=1e-4, atol=1e-5 * max(moved, 1), msg=key)
    assert (own / "position.json").read_text() == (expected / "position.json").read_text()


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


@pytest.fixture(scope="module", params=[0, 1])
def zero2_steps(request, runs, exits) -> dict:
    """As one of the two processes had them."""
    assert exits[request.param]["zero2_steps"][0] == 0
    return json.loads((runs / "zero2_steps" / f"{request.param}.json").read_text())


def test_zero2s_steps_are_those_of_one_adamw_on_the_summed_gradient(zero2_steps):
    assert len(zero2_steps["apart"]) == 5 and max(zero2_steps["apart"]) < 1e-6
    norms = [(whole, shared) for whole, shared in zero2_steps["norms"] if math.isfinite(whole)]
    assert len(norms) == 3 and all(shared == pytest.approx(whole) and whole > 1 for whole, shared in norms)


def test_zero2_takes_no_step_on_a_gradient_that_is_not_finite_in_one_process(zero2_steps):
    assert [math.isfinite(shared) for _, shared in zero2_steps["norms"]] == [True, False, False, True, True]


def test_zero2_keeps_half_of_the_moments_in_each_process_and_gathers_all(zero2_steps):
    assert len(zero2_steps["moments_apart"]) == 6 and max(zero2_steps["moments_apart"]) < 1e-6
    assert (zero2_steps["before"], zero2_steps["forgotten"]) == (0, 0)
    num_parameters = sum(math.prod(shape) for shape in SHAPES)
    assert num_parameters / 2 <= zero2_steps["shares"] < num_parameters / 2 + 4


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
