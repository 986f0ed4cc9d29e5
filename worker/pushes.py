"""Housekeeping's part in pushes to the Hub: they go out from threads beside the tasks.

Each is held by a lease that is renewed while it is sent; what dies with this process is taken up by the next one.
"""

import logging
import threading

from django.db import connection

from core.logs import about
from exporting import lifecycle
from exporting.lifecycle import Lease
from exporting.sending import Sender
from runs.lifecycle import LeaseLost
from worker.app import app
from worker.lease_keeper import LeaseKeeper

NUM_SENDERS = 2

logger = logging.getLogger(__name__)

_free = threading.Semaphore(NUM_SENDERS)


@app.task(name="worker.push_checkpoints")
def push_checkpoints() -> None:
    """Hand each push that waits to a free thread; what finds none waits for the next round."""
    while _free.acquire(blocking=False):
        lease = None
        try:
            lease = lifecycle.claim()
        finally:
            if lease is None:
                _free.release()
        if lease is None:
            return
        # A daemon: an upload of an hour must not hold up the end of this process.
        threading.Thread(target=_send, args=(lease,), name=str(lease), daemon=True).start()


def _send(lease: Lease) -> None:
    try:
        with about(push=lease.push_id):
            see_through(lease)
    finally:
        connection.close()
        _free.release()


def see_through(lease: Lease) -> None:
    """Bring a push that was claimed to its end, or back into the queue."""
    sender = Sender(lease)
    try:
        with LeaseKeeper(lease, on_lost=sender.stop, life=lifecycle):
            sender.send()
    except LeaseLost:
        logger.warning("%s is no longer ours; it was ended.", lease)
    except Exception:
        # It keeps its lease until that runs out, and is then tried again.
        logger.exception("%s could not be sent.", lease)
