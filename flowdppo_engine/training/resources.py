"""What an iteration took: seconds by phase, and memory."""

import resource
import time
from contextlib import contextmanager

import torch

GIB = 2**30
KIB = 2**10


class Stopwatch:
    """Seconds by name, added up. Of phases within each other, the inner one's seconds are not the outer one's."""

    def __init__(self):
        self.seconds: dict[str, float] = {}
        self._open: list[str] = []
        self._since = time.perf_counter()

    @contextmanager
    def of(self, name: str):
        self._switch()
        self._open.append(name)
        try:
            yield
        finally:
            self._switch()
            self._open.pop()

    def _switch(self) -> None:
        """Give the time since the last switch to the innermost phase that is open."""
        now = time.perf_counter()
        if self._open:
            self.seconds[self._open[-1]] = self.seconds.get(self._open[-1], 0.0) + now - self._since
        self._since = now


def peak_memory_gib(device: torch.device) -> float:
    """The most memory held so far: by tensors on an accelerator, else by this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / GIB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIB / GIB
