"""Ending a group of processes, and never anybody else's."""

import os
import signal
import subprocess
import time
from dataclasses import replace

import psutil
import pytest

from stack.process_group import MARK, ProcessGroup, is_alive


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


def test_those_with_a_group_of_their_own_are_known_by_the_mark(shell):
    """As a launcher's processes are: they outlive it, and belong to it all the same."""
    process, group = shell(f"{MARK}=$$ setsid sleep 600 & setsid sleep 600 &")
    others = _wait_for_sleepers(process.pid, 2)
    marked = [pid for pid in group.members() if pid in others]
    process.kill()
    process.wait()
    assert len(marked) == 1 and group.members() == marked
    assert not replace(group, started_at=group.started_at + 100).members()
    assert group.end(grace=30)
    unmarked = [pid for pid in others if pid not in marked and is_alive(pid)]
    assert unmarked
    for pid in unmarked:
        os.kill(pid, signal.SIGKILL)


def test_the_group_is_told_to_end_and_tells_its_own(shell):
    """SIGTERM goes to those of the group alone: a launcher passes it on, and twice would be once too often."""
    process, group = shell(f"trap 'exit 3' TERM; {MARK}=$$ setsid sleep 600 &")
    group.send(signal.SIGTERM)
    assert process.wait() == 3
    assert len(group.members()) == 1
    group.send(signal.SIGKILL)
    assert group.wait_until_empty(30)


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


def _wait_for_sleepers(parent: int, number: int) -> list[int]:
    """Once that many children have become what they were started for."""
    deadline = time.monotonic() + 60
    while len(found := [pid for pid in _children_of(parent) if _command_of(pid) == ["sleep", "600"]]) < number:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def _children_of(pid: int) -> list[int]:
    return [child.pid for child in psutil.Process(pid).children()]


def _command_of(pid: int) -> list[str]:
    try:
        return psutil.Process(pid).cmdline()
    except psutil.Error:
        return []
