"""A worker registers its machine as a node, and its heart beats whatever hangs."""

import os
import signal
import stat
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from fleet import readings
from fleet.models import Node
from fleet.states import NodeState
from runs.models import RunState
from tests.platform.fleet.machines import gpu, silence
from tests.worker.conftest import let_go, wait_for, wait_for_state, wait_until_held
from worker import membership, node
from worker.membership import Membership


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """An `nvidia-smi` on the PATH that does what the test says."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def make(script: str) -> None:
        program = folder / "nvidia-smi"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    return make


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(membership, "BEAT_EVERY", timedelta(milliseconds=20))


def forget_the_past() -> None:
    silence(Node.objects.get(), 3600)


def lives() -> bool:
    return Node.objects.get().state == NodeState.OPEN


def test_a_worker_is_a_node_until_it_goes(workers, submit):
    worker = workers.start(hold_at=7)
    run = submit()
    wait_until_held(run)
    here = Node.objects.get()
    assert (here.name, here.slots, here.has_gpus, here.state) == (node.name(), [0], False, NodeState.OPEN)
    assert (run.attempts.get().node, run.attempts.get().gpus) == (here, [0])
    worker.send_signal(signal.SIGTERM)
    worker.wait()
    assert Node.objects.get().state == NodeState.LEFT


def test_a_node_that_drains_ends_what_it_has_and_takes_nothing_new(workers, submit):
    workers.start(hold_at=7)
    run = submit()
    wait_until_held(run)
    Node.objects.update(draining_at=timezone.now())
    waits = submit()
    let_go(run)
    wait_for_state(run, RunState.FINISHED)
    opened_at = timezone.now()
    Node.objects.update(draining_at=None)
    wait_until_held(waits)
    let_go(waits)
    assert wait_for_state(waits, RunState.FINISHED).started_at >= opened_at


def test_the_heart_beats(transactional_db, quick):
    with Membership():
        forget_the_past()
        wait_for(lives, "a heartbeat")
    assert Node.objects.get().state == NodeState.LEFT


def test_a_driver_that_hangs_does_not_hold_it_up(transactional_db, quick, monkeypatch):
    answers, hangs = threading.Event(), threading.Event()

    def read_gpus():
        if threading.current_thread() is not threading.main_thread():
            hangs.set()
            answers.wait()
        return [gpu(0)]

    monkeypatch.setattr(readings, "read_gpus", read_gpus)
    with Membership():
        hangs.wait()
        forget_the_past()
        wait_for(lives, "a heartbeat")
        answers.set()
    assert Node.objects.get().gpus[0]["memory_used_mib"] == 40000


def test_a_database_that_goes_away_is_told_later(transactional_db, quick, database_away):
    with Membership():
        with database_away():
            pass
        forget_the_past()
        wait_for(lives, "a heartbeat")
    assert Node.objects.get().left_at


def test_a_node_that_was_forgotten_registers_anew(transactional_db, quick):
    with Membership() as here:
        first = here.node
        Node.objects.all().delete()
        wait_for(Node.objects.exists, "the node")
        wait_for(lambda: here.node.id != first.id, "the new one")


def test_a_driver_that_fails_keeps_the_worker_from_training_without_gpus(workers, driver, tmp_path):
    driver("echo NVIDIA-SMI has failed; exit 9")
    assert workers.start().wait() == 1
    said = (tmp_path / "runs.log").read_text()
    assert "NVIDIA-SMI has failed" in said and "CUDA_VISIBLE_DEVICES=" in said
    assert not Node.objects.exists()


def test_the_worker_never_imports_torch():
    script = (
        "import sys, worker.app, django; django.setup()\n"
        "from worker import dispatcher, job_taking, membership, supervisor, tasks\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], cwd=django_settings.ROOT).returncode == 0


def test_the_operator_may_name_the_node(settings):
    own = node.name()
    settings.NODE_NAME = "left rack, top"
    assert node.name() == "left rack, top" != own
