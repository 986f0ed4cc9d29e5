"""What a run folder tells: to compare a run that was interrupted with one that was not."""

import json
import os
import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

from flowdppo_engine.events import Event, parse_event
from flowdppo_engine.training import checkpoints

REPOSITORY = Path(__file__).parents[3]


def run_script(script: Path, workdir: Path) -> None:
    """Run one of the scripts beside, which fork: in a process without the threads of this one."""
    own = {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    subprocess.run(
        [sys.executable, script, workdir], check=True, cwd=REPOSITORY, env={**os.environ, **own},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def read_events(folder: Path) -> list[Event]:
    return [parse_event(line) for line in (folder / "events.jsonl").read_bytes().splitlines()]


def live_line(folder: Path) -> list[Event]:
    """The events that count: those past a point of resumption are void."""
    line = []
    for event in read_events(folder):
        if event.type == "resumed":
            line = [past for past in line if getattr(past, "iteration", 0) <= event.iteration]
        line.append(event)
    return line


def facts(folder: Path) -> dict:
    """What the live line tells of a run, but for times; each thing must have been told once."""
    told = {}
    for event in live_line(folder):
        if event.type in ("metrics", "samples", "evaluation", "checkpoint", "best"):
            key = (event.type, event.iteration, getattr(event, "prompt_set", None), getattr(event, "are_fixed", None))
            assert key not in told, f"{key} was told twice"
            told[key] = _without_times(event)
    return told


def _without_times(event: Event) -> dict:
    fields = event.model_dump(exclude={"seq", "time", "removed"})
    if event.type == "metrics":
        fields["values"] = {
            name: value for name, value in event.values.items() if not name.startswith(("time/", "memory/"))
        }
    return fields


def assert_same_files(folder: Path, expected: Path, without: str = "-") -> None:
    """The last checkpoints hold the same tensors and numbers, and the samples are the same files.

    `without` is a folder of samples that only `expected` has.
    """
    own, others = last_checkpoint(folder), last_checkpoint(expected)
    assert own.name == others.name
    tensors, expected_tensors = _tensors(own), _tensors(others)
    assert tensors.keys() == expected_tensors.keys()
    assert all(torch.equal(tensors[key], expected_tensors[key]) for key in expected_tensors)
    assert json.loads((own / "position.json").read_text()) == json.loads((others / "position.json").read_text())
    pictures = {path.relative_to(expected) for path in expected.rglob("samples/**/*.png")}
    pictures = {picture for picture in pictures if without not in picture.parts}
    assert pictures == {path.relative_to(folder) for path in folder.rglob("samples/**/*.png")}
    assert all((folder / picture).read_bytes() == (expected / picture).read_bytes() for picture in pictures)


def last_checkpoint(folder: Path) -> Path:
    return checkpoints.list_checkpoints(folder)[-1]


def _tensors(checkpoint: Path) -> dict[str, torch.Tensor]:
    return {
        f"{path.relative_to(checkpoint)}:{name}": tensor
        for path in sorted(checkpoint.rglob("*.safetensors"))
        for name, tensor in load_file(path).items()
    }
