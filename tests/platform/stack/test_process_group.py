"""Ending a group of processes, and never anybody else's."""

import os
import signal
import subprocess
from dataclasses import replace

import psutil
import pytest

from stack.process_group import ProcessGroup


@pytest.fixture
def shell():
    """Starts a shell in a group of its own and waits until it says that it is ready."""
    started = []

    def start(script: str) -> tuple[subprocess.Popen, ProcessGroup]:
        process = subprocess.Popen(
            ["/bin/sh", "-c", f"{script}\necho ready; wait; exec sleep 600"],
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout.readline() == b"ready\n"
        return process, ProcessGroup.of_leader(process.pid)

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


def test_end_reaches_children_too(shell):
    process, group = shell("sleep 600 & sleep 600 &")
    assert len(group.members()) == 3
    assert group.end(grace=30)
    assert group.members() == []
    assert process.wait() == -signal.SIGTERM


def test_who_does_not_listen_is_killed(shell):
    process, group = shell("trap '' TERM")
    assert group.end(grace=0.1)
    assert process.wait() == -signal.SIGKILL


def test_children_that_outlive_their_leader_are_found(shell):
    process, group = shell("sleep 600 &")
    process.kill()
    process.wait()
    assert len(group.members()) == 1
    assert group.end(grace=30)
    assert group.members() == []


def test_a_zombie_is_no_member(shell):
    process, group = shell("true")
    process.kill()
    assert group.wait_until_empty(30)
    assert psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE


def test_a_recycled_pid_is_left_alone(shell):
    process, group = shell("true")
    earlier = replace(group, started_at=group.started_at - 60)
    assert earlier.members() == []
    assert earlier.end(grace=0)
    assert process.poll() is None


def test_an_ended_group_is_no_trouble(shell):
    process, group = shell("true")
    process.kill()
    process.wait()
    group.send(signal.SIGTERM)
    assert group.end(grace=0)
