"""A job's folder: take up what is asked for, tell how it goes, and end with an exit code and a last event.

Unlike a run a job has nothing to save when it is stopped: it can be interrupted anywhere, and a second start does only
what no event tells of yet.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from flowdppo_engine.config.base import Strict
from flowdppo_engine.errors import BadConfig
from flowdppo_engine.events import EVENTS_FILE, Event, EventWriter, Finished, parse_event
from flowdppo_engine.jobs.specs import read_job
from flowdppo_engine.training import failures
from flowdppo_engine.training.history import History
from flowdppo_engine.training.reporting import Listener, Progress, Reporter
from flowdppo_engine.training.stopping import Stopped, StopRequest

EXIT_OK, EXIT_FAILED, EXIT_BAD_CONFIG, EXIT_STOPPED_EARLY = 0, 1, 2, 143


class Pace:
    """Estimates the seconds to the end from how many of `total` things were done since the first was."""

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic):
        self._total = total
        self._clock = clock
        self._first: tuple[int, float] | None = None

    def begin(self, done: int) -> None:
        self._first = (done, self._clock())

    def after(self, done: int) -> float | None:
        """None before there is a pace."""
        if self._first is None or done <= self._first[0]:
            return None
        return (self._clock() - self._first[1]) / (done - self._first[0]) * (self._total - done)


@dataclass(frozen=True)
class Desk:
    """What a job works with: its folder, whom it tells, and the events of earlier starts."""

    folder: Path
    reporter: Reporter
    told: tuple[Event, ...]

    def progress(self, total: int) -> tuple[Progress, Pace]:
        pace = Pace(total)
        return Progress(self.reporter, pace), pace


def work(
    folder: Path,
    kind: type[Strict],
    do: Callable[[Strict, Desk], None],
    *,
    stop: StopRequest,
    listeners: Iterable[Listener] = (),
) -> int:
    """Have `do` see to the job of this `kind` in `folder`; returns the exit code. Raises ValueError: no such job."""
    job = read_job(folder, kind)
    writer = EventWriter(folder)
    told = _read_events(folder)
    reporter = Reporter(writer, History(), listeners, stop.shielded)
    try:
        stop.interrupts = True
        stop.check()
        if not any(isinstance(event, Finished) for event in told):
            do(job, Desk(folder, reporter, told))
            reporter.emit(Finished(iteration=0, step=0))
    except Stopped:
        return EXIT_STOPPED_EARLY
    except Exception as error:
        stop.interrupts = False
        reporter.emit(failures.describe(error, job.config))
        return EXIT_BAD_CONFIG if isinstance(error, BadConfig) else EXIT_FAILED
    finally:
        stop.interrupts = False
        writer.close()
    return EXIT_OK


def _read_events(folder: Path) -> tuple[Event, ...]:
    lines = (folder / EVENTS_FILE).read_bytes().split(b"\n")[:-1]
    return tuple(parse_event(line) for line in lines)
