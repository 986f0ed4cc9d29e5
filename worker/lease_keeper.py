"""Keeps a lease alive, from a thread with a database connection of its own that nothing else can block."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from django.db import Error, connection

from runs import lifecycle
from runs.lifecycle import LeaseLost, Wishes

RENEW_EVERY = 12.0
LOOK_EVERY = 0.5

logger = logging.getLogger(__name__)


class Life(Protocol):
    """Of runs (`runs.lifecycle`), or of jobs (`jobs.lifecycle`). Both raise LeaseLost."""

    def renew(self, lease: Any) -> None: ...

    def wishes(self, lease: Any) -> Wishes: ...


class LeaseKeeper:
    """Within a `with` block: renews the lease, and looks twice a second what people want of what it holds.

    `on_lost` is called from the thread at once when the lease is gone. A database that does not answer is no reason to
    stop: it is asked again until it does.
    """

    def __init__(self, lease: Any, on_lost: Callable[[], None], life: Life = lifecycle):
        self.lost = threading.Event()
        self.cancel_requested = threading.Event()
        self.stop_requested = threading.Event()
        self._lease = lease
        self._on_lost = on_lost
        self._life = life
        self._done = threading.Event()
        self._renew_at = 0.0
        self._thread = threading.Thread(target=self._keep, name=f"lease of {lease}", daemon=True)

    def __enter__(self) -> "LeaseKeeper":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._done.set()
        self._thread.join(timeout=LOOK_EVERY * 10)

    def _keep(self) -> None:
        answers = True
        while not self._done.wait(LOOK_EVERY):
            try:
                self._look()
                answers = True
            except LeaseLost:
                # After the block whoever held the lease ends it themselves, which may happen during a last look.
                if not self._done.is_set():
                    self.lost.set()
                    self._on_lost()
                break
            except Error as error:
                if answers:
                    logger.warning("%s: the database does not answer: %s", self._lease, error)
                answers = False
                connection.close()
        connection.close()

    def _look(self) -> None:
        if time.monotonic() >= self._renew_at:
            self._life.renew(self._lease)
            self._renew_at = time.monotonic() + RENEW_EVERY
        wishes = self._life.wishes(self._lease)
        if wishes.cancel:
            self.cancel_requested.set()
        if wishes.stop:
            self.stop_requested.set()
