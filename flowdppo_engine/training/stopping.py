"""Ending a run from outside: SIGTERM, Ctrl-C, a file. Imports nothing heavy, so it can be installed first of all."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STOP_FILE = "stop-after-checkpoint"


class Stopped(BaseException):
    """Someone asked the run to end. Not an Exception, so that no library's `except Exception` can swallow it."""


class StopRequest:
    """Remembers that a stop was asked for, and raises Stopped where the code says it may.

    While `interrupts` is true the first signal raises Stopped wherever the program is: loading takes long and has
    nothing to lose. Otherwise only `check` does.
    """

    def __init__(self):
        self.is_set = False
        self.interrupts = False

    def install(self) -> None:
        """Catch SIGTERM and SIGINT from now on. Only the main thread of a process may."""
        signal.signal(signal.SIGTERM, self._receive)
        signal.signal(signal.SIGINT, self._receive)

    def check(self) -> None:
        """Raises Stopped if a stop was asked for."""
        if self.is_set:
            raise Stopped

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """Inside, nothing is interrupted; a stop that came meanwhile is raised at the end."""
        interrupts, self.interrupts = self.interrupts, False
        try:
            yield
        finally:
            self.interrupts = interrupts
        if self.interrupts:
            self.check()

    def _receive(self, signum: int, frame: object) -> None:
        self.is_set = True
        if self.interrupts:
            self.interrupts = False
            raise Stopped


class StopFile:
    """A file in the run folder that asks for the run's end once the iteration under way is done.

    Other than a signal it waits for an engine that is still loading, and does not end the launcher of several
    processes. The engine takes it away when it ends the run in order.
    """

    def __init__(self, run_folder: Path):
        self._path = run_folder / STOP_FILE

    @property
    def is_there(self) -> bool:
        return self._path.exists()

    def lay(self) -> None:
        self._path.touch()

    def take_away(self) -> None:
        self._path.unlink(missing_ok=True)
