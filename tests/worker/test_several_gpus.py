"""Runs that take several GPUs of a node: which they get, how their processes start, and that none is left over."""

import json
import os
import stat
import sys

import pytest

from fleet.models import Node
from flowdppo_engine.recipes import load_recipe
from runs import lifecycle
from runs.models import RunState
from stack.process_group import is_alive
from tests.worker.conftest import (
    folder_of,
    let_go,
    live_points,
    processes_of,
    wait_for,
    wait_for_state,
    wait_until_held,
)
from tests.worker.test_faults import EXPECTED

FOUR_GPUS = "\n".join(f"{index}, GPU-{index}, NVIDIA H100 80GB HBM3, 81559, 4, 0" for index in range(4))


@pytest.fixture
def four_gpus(tmp_path, monkeypatch):
    """A driver that tells of four GPUs, of which the worker may use the last three."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\ncat <<END\n{FOUR_GPUS}\nEND\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,2,3")


def note_of(run, rank: int) -> dict:
    return json.loads((folder_of(run) / f"process-{rank}.json").read_text())


def test_two_runs_share_the_gpus_of_a_node_and_leave_no_process(workers, submit, four_gpus):
    workers.start(hold_at=7)
    large = submit(num_gpus=2)
    wait_until_held(large)
    wait_for((folder_of(large) / "process-1.json").exists, "the second process")
    small = submit()
    wait_until_held(small)
    told = [note_of(large, 0), note_of(large, 1), note_of(small, 0)]
    assert [note["CUDA_VISIBLE_DEVICES"] for note in told] == ["1,2", "1,2", "3"]
    assert [note["num_processes"] for note in told] == [2, 2, 1]
    assert [note["LOCAL_RANK"] for note in told] == ["0", "1", None]
    assert {note["CUDA_DEVICE_ORDER"] for note in told} == {"PCI_BUS_ID"}
    assert Node.objects.get().slots == [1, 2, 3]
    # The launcher puts its processes into groups of their own.
    members = processes_of(large.attempts.get())
    assert {note_of(large, rank)["pid"] for rank in (0, 1)} < set(members)
    lifecycle.request_cancel(large)
    wait_for_state(large, RunState.CANCELLED)
    assert not processes_of(large.attempts.get())
    assert not any(is_alive(pid) for pid in members)
    let_go(small)
    wait_for_state(small, RunState.FINISHED)


def test_what_a_killed_worker_leaves_of_several_processes_is_ended(workers, submit, monkeypatch):
    monkeypatch.setenv("FLOWDPPO_WORKER_SLOTS", "2")
    worker = workers.start(hold_at=7)
    run = submit(num_gpus=2)
    launcher = wait_until_held(run)
    left = processes_of(run.attempts.get())
    worker.kill()
    worker.wait()
    # Nobody is there to pass a signal on.
    launcher.kill()
    (folder_of(run) / "go").touch()
    workers.start()
    wait_for_state(run, RunState.FINISHED)
    assert not any(is_alive(pid) for pid in left)
    assert live_points(run) == EXPECTED


@pytest.mark.long
def test_the_real_engine_trains_with_two_processes(workers, submit, monkeypatch):
    monkeypatch.setenv("FLOWDPPO_WORKER_SLOTS", "2")
    workers.start(engine=f"{sys.executable},-m,flowdppo_engine")
    config = load_recipe("sandbox-smoke").model_dump(mode="json")
    run = wait_for_state(submit(config=config, num_gpus=2), RunState.FINISHED, RunState.FAILED)
    assert (run.state, run.error) == (RunState.FINISHED, "")
    assert run.attempts.get().gpus == [0, 1]
    assert run.points.exists() and run.checkpoints.exists()
