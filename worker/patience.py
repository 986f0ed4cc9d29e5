"""Waiting for a database or a file storage that is away: longer each time, but not once the worker goes away too."""

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

from core.storage import FilesAway

AWAY = (OperationalError, InterfaceError, FilesAway)
FIRST_DELAY = 0.25
LONGEST_DELAY = 5.0

T = TypeVar("T")
logger = logging.getLogger(__name__)


class DatabaseAway(Exception):
    """The database or the file storage does not answer, and there is no time to wait for it."""


class Patience:
    """Grows with each failure, and is fresh after each success."""

    def __init__(self, subject: str):
        self._subject = subject
        self._delay = 0.0
        self._until = 0.0

    def try_once(self, action: Callable[[], T]) -> T | None:
        """The action's result, or None while what it needs is away or it is too early to ask again."""
        if time.monotonic() < self._until:
            return None
        try:
            result = action()
        except AWAY as error:
            self._note(error)
            return None
        self._delay = 0.0
        return result

    def insist(self, action: Callable[[], T], give_up: threading.Event) -> T:
        """The action's result, as soon as what it needs answers. Raises DatabaseAway once `give_up` is set."""
        while True:
            try:
                return action()
            except AWAY as error:
                self._note(error)
                if give_up.wait(self._delay):
                    raise DatabaseAway from error

    def _note(self, error: Exception) -> None:
        if not self._delay:
            what = "file storage" if isinstance(error, FilesAway) else "database"
            logger.warning("%s: the %s does not answer; trying again: %s", self._subject, what, error)
        connection.close()
        self._delay = min(2 * self._delay or FIRST_DELAY, LONGEST_DELAY)
        self._until = time.monotonic() + self._delay
