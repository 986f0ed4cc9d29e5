"""How a run of several processes ends when one of them cannot go on.

A process that fails never comes to the next collective, in which the others would wait for it until the timeout. So it
leaves word in the store that brought the processes together. A thread of each looks there twice a second, and ends its
process itself, since the main thread may be held up in a collective.

One that is killed leaves no word. Then the launcher asks the others to stop; the main process takes that for a stop
request only where all of them still show signs of life.
"""

import os
import sys
import threading
import time
from collections.abc import Callable

import torch.distributed as dist
from pydantic import BaseModel
from torch.distributed.distributed_c10d import _get_default_store

from flowdppo_engine.events import Failed
from flowdppo_engine.training.processes import Processes, ProcessLost
from flowdppo_engine.training.stopping import StopRequest

SECONDS_BETWEEN_LOOKS = 0.5
SECONDS_TO_BE_TOLD = 20.0
# Of the 30 that the launcher gives.
SECONDS_TO_SHOW_LIFE = 10.0
ENDING, TOLD = "ending", "told"


class Ending(BaseModel):
    """Why a process ended before the run was done: it `failed`, or it was asked to stop while it was loading."""

    exit_code: int
    failed: Failed | None = None


class Peers:
    """The other processes of a run; none until it meets them.

    `conclude` tells of an ending in the event stream and returns the exit code. The main process calls it, whichever
    process ended; then all exit with that code. `explain` is what an error ends a run with.
    """

    def __init__(self, conclude: Callable[[Ending], int], explain: Callable[[Exception], Ending], stop: StopRequest):
        self._conclude = conclude
        self._explain = explain
        self._stop = stop
        self._exit_code = 1
        self._last_signs: tuple[float, list[int]] | None = None
        self._processes = Processes()
        self._store: dist.Store | None = None
        self._thread: threading.Thread | None = None
        self._ending = threading.Lock()
        self._left = threading.Event()

    def meet(self, processes: Processes) -> None:
        """From now on an ending of another process ends this one."""
        self._processes = processes
        if processes.count == 1:
            return
        # A connection of its own: that of the collectives may be waiting for another process.
        self._store = dist.PrefixStore("flowdppo", _get_default_store()).clone()
        self._thread = threading.Thread(target=self._watch, name="peers", daemon=True)
        self._thread.start()

    def end(self, ending: Ending) -> int:
        """End the run everywhere. Returns the exit code where this process is alone, and exits with it otherwise."""
        if self._store is None:
            return self._conclude(ending)
        self._exit_code = ending.exit_code
        try:
            first = self._store.compare_set(ENDING, "", ending.model_dump_json())
        except dist.DistError:
            # Nobody is left to tell it: the main process took the store with it.
            print(ending.failed, file=sys.stderr)
            _exit(ending.exit_code)
        self._exit_after(Ending.model_validate_json(first))

    def leave(self) -> None:
        """Part once every process has done its work."""
        if self._store is None:
            return
        self._processes.gather(None)
        self._left.set()
        self._thread.join()
        # The store may go with the main process, so nobody looks there any more when that leaves.
        self._processes.gather(None)
        dist.destroy_process_group()

    def _watch(self) -> None:
        while not self._left.wait(SECONDS_BETWEEN_LOOKS):
            try:
                if self._store.check([ENDING]):
                    self._exit_after(Ending.model_validate_json(self._store.get(ENDING)))
                self._store.add(_sign_of(self._processes.rank), 1)
                if self._processes.is_main and self._stop.is_set:
                    self._look_for_the_dead()
            except dist.DistError:
                _exit(self._exit_code)  # The main process took the store with it.

    def _look_for_the_dead(self) -> None:
        """Once a stop was asked for: whether a process has shown no sign of life since, for long enough."""
        signs = [self._store.add(_sign_of(rank), 0) for rank in range(self._processes.count)]
        if self._last_signs is None:
            self._last_signs = time.monotonic(), signs
        since, before = self._last_signs
        if time.monotonic() - since < SECONDS_TO_SHOW_LIFE:
            return
        dead = [rank for rank in range(self._processes.count) if signs[rank] == before[rank]]
        if dead:
            lost = ProcessLost(
                f"process {', '.join(map(str, dead))} gave no sign of life for {SECONDS_TO_SHOW_LIFE} s."
            )
            self._exit_after(self._explain(lost))
        self._last_signs = time.monotonic(), signs

    def _exit_after(self, ending: Ending) -> None:
        """Once an ending has been told of; the lock is kept, so that it is told once."""
        self._exit_code = ending.exit_code
        with self._ending:
            if self._processes.is_main:
                exit_code = self._conclude(ending)
                self._store.set(TOLD, str(exit_code))
            else:
                exit_code = self._wait_until_told(ending)
            _exit(exit_code)

    def _wait_until_told(self, ending: Ending) -> int:
        """The exit code that the main process decided on; this process's own where that does not answer."""
        deadline = time.monotonic() + SECONDS_TO_BE_TOLD
        try:
            while time.monotonic() < deadline:
                if self._store.check([TOLD]):
                    return int(self._store.get(TOLD))
                time.sleep(SECONDS_BETWEEN_LOOKS / 10)
        except dist.DistError:
            pass
        return ending.exit_code


def _sign_of(rank: int) -> str:
    return f"alive-{rank}"


def _exit(exit_code: int) -> None:
    """Without the interpreter's own way out, which would wait for collectives under way."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)
