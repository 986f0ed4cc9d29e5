"""Events out, and the progress that is told with them."""

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext

from flowdppo_engine.events import Event, EventWriter, Log, Phase
from flowdppo_engine.training.history import History

Listener = Callable[[Event], None]
SECONDS_BETWEEN_PHASES = 1.0


class Reporter:
    """Writes events to the stream, and hands each to the listeners (the console). `shield` keeps signals out.

    Without a `writer` nothing is told: of several processes that is so in all but the main one, which have the same to
    tell. They keep the `history` too, since what is due follows from it.
    """

    def __init__(
        self,
        writer: EventWriter | None,
        history: History,
        listeners: Iterable[Listener] = (),
        shield: Callable[[], AbstractContextManager[None]] = nullcontext,
    ):
        self._writer = writer
        self._listeners = tuple(listeners) if writer else ()
        self._shield = shield
        # Another process's failure is told from a thread; a listener may have something to tell itself.
        self._lock = threading.RLock()
        self.history = history

    def emit(self, event: Event) -> None:
        with self._shield(), self._lock:
            if self._writer:
                self._writer.write(event)
            self.history.add(event)
            for listener in self._listeners:
                listener(event)

    def sync(self) -> None:
        """Returns once the disk itself holds every event so far."""
        self._writer.sync()

    def log(self, level: str, message: str) -> None:
        self.emit(Log(level=level, message=message))


class TimeLeft:
    """Estimates the seconds to the end of a run from the iterations and evaluations so far."""

    def __init__(self, num_iterations: int, evaluate_every: int):
        self._num_iterations = num_iterations
        self._evaluate_every = evaluate_every
        self._iteration_seconds: float | None = None
        self._evaluation_seconds = 0.0

    def add_iteration(self, seconds: float) -> None:
        """A slow first iteration (warm-up) is soon outweighed."""
        known = self._iteration_seconds
        self._iteration_seconds = seconds if known is None else 0.8 * known + 0.2 * seconds

    def add_evaluation(self, seconds: float) -> None:
        self._evaluation_seconds = seconds

    def after(self, iteration: int) -> float | None:
        """Seconds left once `iteration` iterations are done; None before the first."""
        if self._iteration_seconds is None:
            return None
        every, last = self._evaluate_every, self._num_iterations
        num_evaluations = sum(1 for i in range(iteration + 1, last + 1) if i % every == 0 or i == last)
        return (last - iteration) * self._iteration_seconds + num_evaluations * self._evaluation_seconds


class Progress:
    """Phase events, at most one a second within a phase."""

    def __init__(self, reporter: Reporter, time_left: TimeLeft, clock: Callable[[], float] = time.monotonic):
        self._reporter = reporter
        self._clock = clock
        self._phase: str | None = None
        self._last_told = 0.0
        self.time_left = time_left
        self.iteration = 0

    def tell(self, phase: str, done: int, total: int, unit: str) -> None:
        now = self._clock()
        if phase == self._phase and now - self._last_told < SECONDS_BETWEEN_PHASES:
            return
        self._phase, self._last_told = phase, now
        seconds_left = self.time_left.after(self.iteration)
        self._reporter.emit(Phase(phase=phase, done=done, total=total, unit=unit, seconds_left=seconds_left))
