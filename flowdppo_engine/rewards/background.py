"""A thread that works off calls in their order, beside the rollout."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any


class BackgroundThread:
    """One daemon thread: unlike an executor's, it cannot keep the process alive with a call that hangs."""

    def __init__(self, name: str):
        self._calls: queue.SimpleQueue[tuple[Callable[[], Any], Future]] = queue.SimpleQueue()
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def submit(self, call: Callable[[], Any], future: Future) -> None:
        """Have `future` done by `call` once its turn comes, unless it is cancelled before."""
        self._calls.put((call, future))

    def _work(self) -> None:
        while True:
            _run(*self._calls.get())


def _run(call: Callable[[], Any], future: Future) -> None:
    """A function of its own, so that an idle thread holds on to no batch of images."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(call())
    except BaseException as error:
        future.set_exception(error)
