"""Housekeeping that hears no messages any more: it ends, and whoever keeps it up starts it anew.

Beat says something every few seconds, so two minutes of silence mean that the connection is dead and does not know it,
or that beat is gone, and then a fresh start does no harm.
"""

import logging
import os
import signal
import threading
import time

from celery.signals import task_postrun

from core import queue_watch

SILENT_AFTER = 120.0
LOOK_EVERY = 5.0
# A connection that is dead may also keep Celery from ending in order.
END_WITHIN = 20.0

logger = logging.getLogger(__name__)


class Watchdog:
    """Within a `with` block."""

    def __init__(self, silent_after: float = SILENT_AFTER, look_every: float = LOOK_EVERY):
        self._silent_after = silent_after
        self._look_every = look_every
        self._heard_at = time.monotonic()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> "Watchdog":
        task_postrun.connect(self._hear)
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._done.set()
        task_postrun.disconnect(self._hear)

    def _hear(self, **_) -> None:
        self._heard_at = time.monotonic()
        queue_watch.note_housekeeping()

    def _watch(self) -> None:
        while not self._done.wait(self._look_every):
            if time.monotonic() - self._heard_at > self._silent_after:
                logger.error("No message has come for %.0f seconds: ending, to be started anew.", self._silent_after)
                os.kill(os.getpid(), signal.SIGTERM)
                self._done.wait(END_WITHIN)
                os._exit(1)
