"""What the end of an engine means for its run: from an exit code and a last event to a verdict."""

import signal
from dataclasses import dataclass
from enum import Enum

from flowdppo_engine.events import Event, Failed, Finished
from runs.deaths import Death
from runs.models import AttemptOutcome


class Asked(Enum):
    """Why the supervisor asked the engine to end: the later in this order, the more urgent."""

    STOP = "stop"
    SHUTDOWN = "shutdown"
    CANCEL = "cancel"


@dataclass(frozen=True)
class Complete:
    """The run is done."""


@dataclass(frozen=True)
class Cancelled:
    """The run ended because somebody asked for it."""


@dataclass(frozen=True)
class PutDown:
    """The run ended after a checkpoint because somebody asked for that; it waits until it is resumed."""


@dataclass(frozen=True)
class HandBack:
    """The worker goes away; the run goes on elsewhere or later."""


@dataclass(frozen=True)
class Failure:
    """The run cannot work; another attempt would fail in the same way."""

    error: str
    hint: str


Verdict = Complete | Cancelled | PutDown | HandBack | Failure | Death


def judge(exit_code: int, last: Event | None, asked: Asked | None, console: str) -> Verdict:
    """`last` is the last `finished` or `failed` event of this attempt, `console` the end of its output."""
    settled = settle(last)
    if settled is not None:
        return settled
    if asked is Asked.CANCEL:
        return Cancelled()
    if asked is Asked.SHUTDOWN:
        return HandBack()
    if isinstance(last, Failed):
        reason = f"The engine failed: {last.error}"
        return Death(AttemptOutcome.FAILED, reason, last.traceback, last.hint, last.memory_ran_out_in)
    if isinstance(last, Finished) and asked is Asked.STOP:
        return PutDown()
    if isinstance(last, Finished):
        return Death(AttemptOutcome.LOST, "The engine was stopped from outside.", console)
    return Death(AttemptOutcome.LOST, describe_exit(exit_code), console)


def settle(last: Event | None) -> Complete | Failure | None:
    """The verdict that a run's last event holds whatever else happened, if it does."""
    if isinstance(last, Finished) and not last.stopped:
        return Complete()
    if isinstance(last, Failed) and last.deterministic:
        return Failure(last.error, last.hint)
    return None


def describe_exit(exit_code: int) -> str:
    """The end of an engine that left no last word, in a sentence."""
    if exit_code < 0:
        name = signal.Signals(-exit_code).name
        guess = " (out of memory is the usual reason)" if name == "SIGKILL" else ""
        return f"The engine was killed by {name}{guess}."
    return f"The engine ended with exit code {exit_code} and without a last word."
