"""A process group, known by its leader's pid and start time, so that a recycled pid is never mistaken for it.

Processes that it started in groups of their own, as launchers do, belong to it by a mark in their environment: MARK
holds the leader's pid.
"""

import contextlib
import os
import signal
import time
from dataclasses import dataclass

import psutil

# The kernel counts start times in hundredths of a second from boot; a corrected clock shifts what that means.
START_TIME_TOLERANCE = 2.0
POLL_EVERY = 0.05
MARK = "FLOWDPPO_PROCESS_GROUP"


@dataclass(frozen=True)
class ProcessGroup:
    pid: int
    started_at: float

    @classmethod
    def of_leader(cls, pid: int) -> "ProcessGroup":
        return cls(pid, psutil.Process(pid).create_time())

    def members(self) -> list[int]:
        """Its living processes; none where the pid now belongs to somebody else."""
        if self._is_recycled():
            return []
        return [pid for pid in psutil.pids() if self._has(pid) and is_alive(pid)]

    def send(self, signum: int) -> None:
        """To the group, which passes it on; SIGKILL, or where nothing of the group is left, to those marked too."""
        members = self.members()
        strays = [pid for pid in members if _group_of(pid) != self.pid]
        with contextlib.suppress(ProcessLookupError):
            if len(strays) < len(members):
                os.killpg(self.pid, signum)
        if signum == signal.SIGKILL or len(strays) == len(members):
            for pid in strays:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signum)

    def end(self, grace: float) -> bool:
        """SIGTERM, and after the grace period SIGKILL; returns whether the group is empty."""
        self.send(signal.SIGTERM)
        if not self.wait_until_empty(grace):
            self.send(signal.SIGKILL)
        return self.wait_until_empty(5.0)

    def wait_until_empty(self, timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        while self.members():
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_EVERY)
        return True

    def _has(self, pid: int) -> bool:
        if _group_of(pid) == self.pid:
            return True
        try:
            process = psutil.Process(pid)
            is_younger = process.create_time() > self.started_at - START_TIME_TOLERANCE
            return is_younger and process.environ().get(MARK) == str(self.pid)
        except (psutil.Error, OSError):
            return False

    def _is_recycled(self) -> bool:
        try:
            return abs(psutil.Process(self.pid).create_time() - self.started_at) > START_TIME_TOLERANCE
        except psutil.NoSuchProcess:
            return False


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def is_alive(pid: int) -> bool:
    """Whether it still runs; one that has ended and waits for its parent does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
