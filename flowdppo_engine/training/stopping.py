"""Ending a run from outside: SIGTERM and Ctrl-C. Imports nothing heavy, so it can be installed first of all."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


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
