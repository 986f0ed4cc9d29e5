"""Asks a reward server: several requests at a time, each tried again after growing waits, none without end."""

import asyncio
import json
import logging
import os
import ssl
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import httpx
import tenacity

from flowdppo_engine.config import RemoteRewardOptions
from flowdppo_engine.errors import BadConfig
from flowdppo_engine.rewards.base import RewardError
from flowdppo_engine.rewards.remote import event_loop
from flowdppo_engine.rewards.remote.allowed_hosts import AllowedHosts
from flowdppo_engine.rewards.remote.request import Endpoint, RequestFailed

Answer = TypeVar("Answer")

MAX_WAIT = 60.0
# The certificates that the machine trusts, its own authority among them.
_TRUST = ssl.create_default_context()

# httpx would log each request with its query, where some services want a key.
logging.getLogger("httpx").setLevel(logging.WARNING)


@dataclass(frozen=True)
class Exchange(Generic[Answer]):
    """A request and how to understand its answer.

    `body` makes what is sent as JSON, when its turn comes. `read` gets the parsed JSON of the answer and raises
    ValueError where it is of no use; it is then asked for again.
    """

    body: Callable[[], Any]
    read: Callable[[Any], Answer]


class RemoteClient:
    """The server of one reward. Raises BadConfig where it may not be asked or its API key is not there.

    Args:
        path: where below `config.url` to ask.
    """

    def __init__(self, config: RemoteRewardOptions, path: str = ""):
        url, hosts = _url_of(config, path), AllowedHosts.from_environment()
        _check_host(config, url, hosts)
        self._label = config.logged_as
        self._address = _shown(url)
        self._attempts = config.attempts
        self._parallel_requests = config.parallel_requests
        self._wait = _wait_by(config.backoff_seconds)
        self._endpoint = Endpoint(url, _read_key(config), hosts, config.timeout_seconds)
        self._under_way: set[Future] = set()
        self._lock = threading.Lock()

    def post_all(self, exchanges: Sequence[Exchange[Answer]]) -> list[Answer]:
        """The answers, in the order of `exchanges`.

        Raises RewardError once one request has failed for good; the others are then given up.
        """
        future = event_loop.start(self._post_all(exchanges))
        with self._lock:
            self._under_way.add(future)
        try:
            return future.result()
        except CancelledError as error:
            raise RewardError(f"reward {self._label}: its requests were given up.") from error
        finally:
            with self._lock:
                self._under_way.discard(future)

    def abandon(self) -> None:
        """End the requests under way, from any thread."""
        with self._lock:
            under_way = tuple(self._under_way)
        for future in under_way:
            future.cancel()

    async def _post_all(self, exchanges: Sequence[Exchange[Answer]]) -> list[Answer]:
        slots = asyncio.Semaphore(self._parallel_requests)
        # The environment's proxies are left aside: behind one, nobody could say which address is asked.
        async with httpx.AsyncClient(timeout=None, trust_env=False, verify=_TRUST) as client:
            try:
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(self._post(client, slots, exchange)) for exchange in exchanges]
            except ExceptionGroup as errors:
                raise errors.exceptions[0] from None
        return [task.result() for task in tasks]

    async def _post(self, client: httpx.AsyncClient, slots: asyncio.Semaphore, exchange: Exchange[Answer]) -> Answer:
        retrying = tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(self._attempts),
            wait=self._wait,
            retry=tenacity.retry_if_exception(_may_do_better),
            reraise=True,
        )
        async with slots:
            try:
                return await retrying(self._ask, client, json.dumps(exchange.body()).encode(), exchange.read)
            except RequestFailed as failure:
                raise self._error(failure, retrying.statistics["attempt_number"]) from failure

    async def _ask(self, client: httpx.AsyncClient, body: bytes, read: Callable[[Any], Answer]) -> Answer:
        answer = await self._endpoint.ask(client, body)
        try:
            return read(answer)
        except ValueError as error:
            raise RequestFailed(f"an answer of no use: {error}") from error

    def _error(self, failure: RequestFailed, num_attempts: int) -> RewardError:
        times = "1 attempt" if num_attempts == 1 else f"{num_attempts} attempts"
        return RewardError(
            f"reward {self._label}: POST {self._address} failed after {times}: {failure}.",
            is_transient=not failure.is_final,
        )


def _may_do_better(error: BaseException) -> bool:
    return isinstance(error, RequestFailed) and not error.is_final


def _wait_by(first: float) -> Callable[[tenacity.RetryCallState], float]:
    """Twice as long each time with some chance in it, and as long as the server asked for."""
    backoff = tenacity.wait_exponential(multiplier=first, max=MAX_WAIT) + tenacity.wait_random(0, first)

    def wait(state: tenacity.RetryCallState) -> float:
        return max(backoff(state), min(state.outcome.exception().retry_after, MAX_WAIT))

    return wait


def _url_of(config: RemoteRewardOptions, path: str) -> httpx.URL:
    try:
        url = httpx.URL(config.url)
    except httpx.InvalidURL as error:
        raise BadConfig(f"rewards.{config.logged_as}.url is no address ({error}): correct it.") from error
    return url.copy_with(path=url.path.rstrip("/") + path) if path else url


def _check_host(config: RemoteRewardOptions, url: httpx.URL, hosts: AllowedHosts) -> None:
    try:
        hosts.check(url)
    except ValueError as error:
        raise BadConfig(f"rewards.{config.logged_as}.url = {_shown(url)}: {error}") from error


def _read_key(config: RemoteRewardOptions) -> str:
    """The API key, empty for none."""
    if config.api_key_env is None:
        return ""
    key = os.environ.get(config.api_key_env, "").strip()
    if not (key.isascii() and key.isprintable() and key and " " not in key):
        raise BadConfig(
            f"rewards.{config.logged_as}.api_key_env = {config.api_key_env}: that variable of the training machine is "
            "empty or holds no key: set it there."
        )
    return key


def _shown(url: httpx.URL) -> str:
    """The address without its query, where keys hide."""
    return f"{url.scheme}://{url.netloc.decode('ascii')}{url.path}"
