"""Housekeeping's part in alerts: the watch over the runs, and the messages that go out.

Messages are sent by threads: a server that does not answer must hold up neither the other tasks of this process nor
the channels of other teams.
"""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from alerts import deliveries, watch
from worker.app import app

NUM_SENDERS = 4

logger = logging.getLogger(__name__)

_free = threading.Semaphore(NUM_SENDERS)
_senders = ThreadPoolExecutor(NUM_SENDERS, thread_name_prefix="channel")


@app.task(name="worker.watch_runs")
def watch_runs() -> None:
    watch.look()


@app.task(name="worker.send_messages")
def send_messages() -> None:
    """Hand each channel with something to send to a free thread; what finds none waits for the next round."""
    num_free = sum(_free.acquire(blocking=False) for _ in range(NUM_SENDERS))
    taken: list[int] = []
    try:
        taken = deliveries.claim_channels(num_free)
    finally:
        for _ in range(num_free - len(taken)):
            _free.release()
    for channel_id in taken:
        _senders.submit(_serve, channel_id)


@app.task(name="worker.forget_messages")
def forget_messages() -> None:
    deliveries.forget_old()


def _serve(channel_id: int) -> None:
    try:
        deliveries.serve(channel_id)
    except Exception:
        logger.exception("Channel %d could not be served.", channel_id)
    finally:
        connection.close()
        _free.release()
