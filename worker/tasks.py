"""What the messages ask for. Nothing here imports torch."""

import threading
import uuid

from celery.signals import worker_shutting_down

from runs import lifecycle, nudges
from worker import supervisor
from worker.app import app

shutting_down = threading.Event()


@worker_shutting_down.connect
def _tell_supervisors(**_) -> None:
    shutting_down.set()


@app.task(name=nudges.EXECUTE_RUN)
def execute_run(run_id: str) -> None:
    """Take the run, if it still waits, and see it through."""
    supervisor.execute(uuid.UUID(run_id), shutting_down)


@app.task(name="worker.sweep")
def sweep() -> None:
    nudges.sweep()


@app.task(name="worker.reap")
def reap() -> None:
    lifecycle.reap()
