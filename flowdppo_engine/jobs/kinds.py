"""Which job answers to which command."""

from collections.abc import Iterable
from pathlib import Path

from flowdppo_engine.jobs.evaluate import evaluate
from flowdppo_engine.jobs.preflight import preflight
from flowdppo_engine.jobs.score import score
from flowdppo_engine.jobs.specs import EvaluateJob, PreflightJob, ScoreJob
from flowdppo_engine.jobs.work import work
from flowdppo_engine.training.reporting import Listener
from flowdppo_engine.training.stopping import StopRequest

KINDS = {"score": (ScoreJob, score), "preflight": (PreflightJob, preflight), "evaluate": (EvaluateJob, evaluate)}


def work_on(verb: str, folder: Path, *, stop: StopRequest, listeners: Iterable[Listener]) -> int:
    """See to the job in `folder`; returns the exit code. Raises ValueError where there is no such job."""
    kind, do = KINDS[verb]
    return work(folder, kind, do, stop=stop, listeners=listeners)
