"""Nudges: messages that tell a worker to come and look at the queue, because of a run.

PostgreSQL is the truth, so a lost one only costs time.
"""

import logging
import uuid
from datetime import timedelta
from functools import cache

from celery import Celery
from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now
from kombu import Exchange, Queue
from kombu.exceptions import OperationalError

from core import broker
from fleet.snapshot import waiting_runs
from runs.models import Run

COME_AND_LOOK = "worker.come_and_look"
RUNS_QUEUE = "runs"
REPEAT_AFTER = timedelta(seconds=10)
# A connection that Redis has closed meanwhile shows only when it is used.
RETRY_ONCE = {"max_retries": 1, "interval_start": 0, "interval_max": 0}

logger = logging.getLogger(__name__)


def send(run_id: uuid.UUID) -> None:
    """Send a run's nudge. A broker that is down is no error: the sweeper sends it again."""
    if post(COME_AND_LOOK, str(run_id)):
        Run.objects.filter(id=run_id).update(nudged_at=Now())


def post(task: str, subject: str) -> bool:
    """Send a message to one of the workers; returns whether the broker took it."""
    try:
        _sender().send_task(task, [subject], queue=RUNS_QUEUE, ignore_result=True, retry_policy=RETRY_ONCE)
    except OperationalError as error:
        logger.warning("The nudge for %s was not sent (%s); workers look by themselves.", subject, error)
        return False
    return True


def sweep() -> int:
    """Send again what queued runs still wait for, once the queue is empty; return how many.

    While the queue holds messages, no worker has heard them yet and nothing needs to be said twice.
    """
    waiting = waiting_runs().filter(Q(nudged_at=None) | Q(nudged_at__lt=Now() - REPEAT_AFTER))
    run_ids = list(waiting.order_by("created_at").values_list("id", flat=True))
    if not run_ids or _queue_length():
        return 0
    for run_id in run_ids:
        send(run_id)
    return len(run_ids)


def _queue_length() -> int:
    with _sender().connection_for_write() as connection:
        queue = Queue(RUNS_QUEUE, Exchange(RUNS_QUEUE), RUNS_QUEUE, channel=connection.default_channel)
        return queue.queue_declare().message_count


@cache
def _sender() -> Celery:
    sender = Celery("flowdppo-nudges", broker=settings.BROKER_URL, set_as_current=False)
    sender.conf.update(broker.sending(settings.BROKER_URL))
    return sender
