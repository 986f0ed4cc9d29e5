"""This machine as a node: its name, the one worker process it has, and what an earlier life of it left behind."""

import fcntl
import hashlib
import logging
import os
import socket
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet

from jobs import lifecycle as job_lifecycle
from jobs.models import LIVE, Job
from playground import lifecycle as drawing_lifecycle
from runs import lifecycle
from runs.models import Attempt, AttemptOutcome
from stack.process_group import ProcessGroup
from worker import drawing_process

logger = logging.getLogger(__name__)


def name() -> str:
    """What the operator calls it; else the host and, because two workers may share one, a mark of the data folder."""
    if settings.NODE_NAME:
        return settings.NODE_NAME
    mark = hashlib.sha256(str(settings.DATA_DIR).encode()).hexdigest()[:8]
    return f"{socket.gethostname()[:100]}/{mark}"


def lock() -> int:
    """Hold the node for this process's life. Raises SystemExit where another worker holds it."""
    path = Path(settings.DATA_DIR) / "worker.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit(
            f"A worker already runs on {settings.DATA_DIR}. For several runs at a time on one machine set "
            f"FLOWDPPO_WORKER_SLOTS; for a second worker give it a data folder of its own with FLOWDPPO_DATA."
        ) from None
    return descriptor


def end_leftovers(attempts: QuerySet[Attempt]) -> None:
    """End the engines that these attempts left on this node, and requeue their runs without waiting for the lease.

    Known by pid and start time, so nobody else's process is touched.
    """
    for attempt in attempts.filter(worker=name(), outcome__in=[AttemptOutcome.RUNNING, AttemptOutcome.LOST]):
        if attempt.engine_pid is not None:
            _end_engine(attempt)
        lifecycle.abandon(attempt, "The worker died and was started again.")


def end_leftover_jobs() -> None:
    """The same for small jobs: to be called before this worker takes any."""
    for job in Job.objects.filter(worker=name(), state__in=LIVE).defer("payload", "result"):
        if job.engine_pid is not None:
            _end_engine(job)
        job_lifecycle.abandon(job, "The worker died and was started again.")


def end_leftover_drawing() -> None:
    """The same for the playground."""
    drawing_process.end_leftover()
    drawing_lifecycle.abandon_all(name(), "The worker died and was started again.")


def _end_engine(attempt: Attempt | Job) -> None:
    group = ProcessGroup(attempt.engine_pid, attempt.engine_started_at)
    if group.members():
        logger.info("Ending the engine of %s, which an earlier worker left behind.", attempt)
        if not group.end(settings.ENGINE_GRACE_SECONDS):
            logger.error("Processes of group %d, left behind by %s, cannot be ended.", group.pid, attempt)
