"""The Celery application. A message is a nudge: small, lossy without harm, and never a job to be done twice."""

import os
import sys
from pathlib import Path

PLATFORM = str(Path(__file__).resolve().parents[1] / "platform")
if PLATFORM not in sys.path:
    # Behind the standard library, which has a module of this name.
    sys.path.append(PLATFORM)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "core.settings")

from celery import Celery  # noqa: E402
from django.conf import settings  # noqa: E402

from core import broker  # noqa: E402

HOUSEKEEPING_QUEUE = "housekeeping"
SWEEP_EVERY = 5.0
REAP_EVERY = 10.0
WATCH_EVERY = 15.0
SEND_EVERY = 5.0
PUSH_EVERY = 3.0
FORGET_EVERY = 3600.0
PRUNE_EVERY = 600.0


def _every(seconds: float, task: str) -> dict:
    """A message that nobody took in time is none: the next one says the same."""
    return {"task": task, "schedule": seconds, "options": {"expires": seconds}}


app = Celery("flowdppo", broker=settings.BROKER_URL, include=["worker.tasks", "worker.alerts", "worker.pushes"])
app.conf.update(
    accept_content=["json"],
    task_serializer="json",
    task_ignore_result=True,
    # Acknowledged before it runs: no visibility timeout can deliver a nudge again while its run goes on for days.
    task_acks_late=False,
    # A node takes no nudge that it has no slot for; another node may be free.
    **broker.taking(settings.BROKER_URL),
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    worker_hijack_root_logger=False,
    task_default_queue=HOUSEKEEPING_QUEUE,
    # In memory: after a restart everything is simply due.
    beat_scheduler="celery.beat:Scheduler",
    beat_schedule={
        "sweep": _every(SWEEP_EVERY, "worker.sweep"),
        "watch_runs": _every(WATCH_EVERY, "worker.watch_runs"),
        "send_messages": _every(SEND_EVERY, "worker.send_messages"),
        "push_checkpoints": _every(PUSH_EVERY, "worker.push_checkpoints"),
        "forget_messages": _every(FORGET_EVERY, "worker.forget_messages"),
        "forget_pictures": _every(PRUNE_EVERY, "worker.forget_pictures"),
        "reap": _every(REAP_EVERY, "worker.reap"),
    },
)
