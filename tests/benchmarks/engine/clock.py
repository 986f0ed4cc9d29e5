"""Seconds of work: of this process on a CPU, of the clock on the wall where a GPU has to be waited for."""

import time
from collections.abc import Callable

import torch


def clock_of(device: torch.device) -> Callable[[], float]:
    """A clock to measure work on `device` with.

    On a CPU it counts the processor's seconds: with one thread and nothing else to do that is the time that passed,
    and where others use the same cores it is still what the work took.
    """
    return _after_the_gpu if device.type == "cuda" else time.process_time


def _after_the_gpu() -> float:
    torch.cuda.synchronize()
    return time.perf_counter()


class Timer:
    """`seconds` that a with block took."""

    def __init__(self, clock: Callable[[], float]):
        self._clock = clock
        self.seconds = 0.0

    def __enter__(self) -> "Timer":
        self._since = self._clock()
        return self

    def __exit__(self, *_) -> None:
        self.seconds += self._clock() - self._since
