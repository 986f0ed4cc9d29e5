"""Starting runs of two processes, and comparing what they leave with what one process leaves."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.flowdppo_engine.tiny_run import write_prompts
from tests.flowdppo_engine.tiny_sd3 import make_pipeline
from tests.flowdppo_engine.training.run_folder import REPOSITORY, facts, last_checkpoint
from tests.flowdppo_engine.training.two_processes import BLIND_FOR

LAUNCH = (
    *(sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"),
    *("--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"),
)


def environment_of_processes() -> dict[str, str]:
    own = {
        "PYTHONPATH": str(REPOSITORY),
        "OMP_NUM_THREADS": "1",
        "ACCELERATE_USE_CPU": "true",
        "DS_ACCELERATOR": "cpu",
    }
    return {**os.environ, **own}


def make_workdir(folder: Path) -> Path:
    make_pipeline().save_pretrained(folder / "model")
    write_prompts(folder)
    (folder / "two.txt").write_text(f"a red cat\n{BLIND_FOR}\n", encoding="utf-8")
    return folder


def run_in_two_processes(workdir: Path, what: str, environment: dict[str, str]) -> Path:
    script = Path(__file__).with_name("two_processes.py")
    subprocess.run(
        [*LAUNCH, script, workdir, what], check=True, cwd=REPOSITORY, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=400,
    )  # fmt: skip
    return workdir


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


def assert_told_alike(one: Path, other: Path) -> None:
    told, expected = (numbers_of(without_checkpoints(facts(folder))) for folder in (one, other))
    assert told.keys() == expected.keys()
    for where, value in expected.items():
        if isinstance(value, float):
            assert told[where] == pytest.approx(value, rel=2e-3, abs=2e-4), where
        else:
            assert told[where] == value, where


def assert_checkpoints_alike(one: Path, other: Path) -> None:
    own, expected = last_checkpoint(one), last_checkpoint(other)
    assert own.name == expected.name
    tensors, others = tensors_of(own), tensors_of(expected)
    assert tensors.keys() == others.keys()
    moved = max(float(tensor.abs().max()) for key, tensor in others.items() if "lora_B" in key)
    assert moved > 1e-3
    for key, tensor in others.items():
        torch.testing.assert_close(tensors[key], tensor, rtol=1e-4, atol=1e-5 * max(moved, 1), msg=key)
    assert (own / "position.json").read_text() == (expected / "position.json").read_text()
