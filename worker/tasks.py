"""What the messages ask for. Nothing here imports torch."""

import threading

from celery.signals import worker_shutting_down

from jobs import lifecycle as job_lifecycle
from playground import lifecycle as drawing_lifecycle
from playground import upkeep
from runs import lifecycle, nudges
from worker.app import app

shutting_down = threading.Event()
nudged = threading.Event()


@worker_shutting_down.connect
def _tell_supervisors(**_) -> None:
    shutting_down.set()


@app.task(name=nudges.COME_AND_LOOK)
def come_and_look(run_id: str) -> None:
    """A run or a job waits; which one this node takes, and whether any, is decided by the queue."""
    nudged.set()


@app.task(name="worker.sweep")
def sweep() -> None:
    nudges.sweep()


@app.task(name="worker.reap")
def reap() -> None:
    lifecycle.reap()
    job_lifecycle.reap()
    drawing_lifecycle.reap()


@app.task(name="worker.forget_pictures")
def forget_pictures() -> None:
    upkeep.forget()
