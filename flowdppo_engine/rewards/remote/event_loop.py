"""One event loop for all requests to reward servers, in a daemon thread; there a request can be ended at any time."""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from functools import cache
from typing import Any


def start(coroutine: Coroutine[Any, Any, Any]) -> Future:
    """Run `coroutine`; cancelling the future that this returns ends it where it waits."""
    return asyncio.run_coroutine_threadsafe(coroutine, _loop())


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="reward requests", daemon=True).start()
    return loop
