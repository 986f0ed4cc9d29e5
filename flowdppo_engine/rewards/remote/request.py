"""One request to a reward server, and what can go wrong with it."""

import asyncio
import json
import socket
from dataclasses import dataclass, field
from typing import Any

import httpx

from flowdppo_engine.rewards.remote.allowed_hosts import DEFAULT_PORTS, AllowedHosts

MAX_ANSWER_BYTES = 16 * 2**20
MAX_QUOTED_BYTES = 1000
MAX_QUOTED_CHARACTERS = 200
# Too early, too many, time-out, conflict: the same request may do better later.
STATUSES_TO_RETRY = frozenset({408, 409, 425, 429})


class RequestFailed(Exception):
    """A request gave no usable answer; `is_final` where it is of no use to send it again.

    `retry_after` is how many seconds the server asked to be left alone, 0 where it did not say.
    """

    def __init__(self, cause: str, *, is_final: bool = False, retry_after: float = 0.0):
        super().__init__(cause)
        self.is_final = is_final
        self.retry_after = retry_after


@dataclass(frozen=True)
class Endpoint:
    """Where requests go, with which key (empty for none), and who may be asked."""

    url: httpx.URL
    key: str = field(repr=False)
    hosts: AllowedHosts
    timeout: float

    async def ask(self, client: httpx.AsyncClient, body: bytes) -> Any:
        """The server's answer to a POST of JSON. Raises RequestFailed."""
        try:
            async with asyncio.timeout(self.timeout):
                status, headers, answer = await self._post(client, body)
        except TimeoutError as error:
            raise RequestFailed(f"no answer within {self.timeout:g} s") from error
        except (httpx.TransportError, httpx.DecodingError, OSError) as error:
            raise RequestFailed(f"{type(error).__name__}: {error}") from error
        if self.key:
            # What it echoes of the key is gone before anything is told of the answer.
            answer = answer.replace(self.key.encode("ascii"), b"***")
        _check_status(status, headers, answer)
        return _parse(answer)

    async def _post(self, client: httpx.AsyncClient, body: bytes) -> tuple[int, httpx.Headers, bytes]:
        """Connects to the very addresses that were checked: looked up again, a name could lead elsewhere."""
        *others, last = await self._find_addresses()
        for address in others:
            try:
                return await self._post_to(address, client, body)
            except httpx.ConnectError:
                continue
        return await self._post_to(last, client, body)

    async def _find_addresses(self) -> list[str]:
        port = self.url.port or DEFAULT_PORTS[self.url.scheme]
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(self._host, port, type=socket.SOCK_STREAM)
        try:
            return self.hosts.check_addresses(self.url, [entry[4][0].partition("%")[0] for entry in found])
        except ValueError as error:
            raise RequestFailed(str(error), is_final=True) from error

    async def _post_to(self, address: str, client: httpx.AsyncClient, body: bytes) -> tuple[int, httpx.Headers, bytes]:
        request = client.build_request(
            "POST",
            self.url.copy_with(host=address),
            content=body,
            headers=self._headers(),
            extensions={"sni_hostname": self._host},
        )
        response = await client.send(request, stream=True, follow_redirects=False)
        try:
            return response.status_code, response.headers, await _read(response)
        finally:
            await response.aclose()

    @property
    def _host(self) -> str:
        return self.url.raw_host.decode("ascii")

    def _headers(self) -> dict[str, str]:
        headers = {"Host": self.url.netloc.decode("ascii"), "Content-Type": "application/json"}
        return headers | ({"Authorization": f"Bearer {self.key}"} if self.key else {})


async def _read(response: httpx.Response) -> bytes:
    answer = bytearray()
    async for chunk in response.aiter_bytes():
        answer += chunk
        if len(answer) > MAX_ANSWER_BYTES:
            raise RequestFailed(f"an answer of more than {MAX_ANSWER_BYTES // 2**20} MiB", is_final=True)
    return bytes(answer)


def _check_status(status: int, headers: httpx.Headers, answer: bytes) -> None:
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise RequestFailed(f"status {status}: a redirection, which is not followed", is_final=True)
    said = answer[:MAX_QUOTED_BYTES].decode("utf-8", "replace")
    raise RequestFailed(
        f"status {status}: {' '.join(said.split())[:MAX_QUOTED_CHARACTERS] or 'no explanation'}",
        is_final=status < 500 and status not in STATUSES_TO_RETRY,
        retry_after=_seconds(headers.get("Retry-After", "")),
    )


def _seconds(text: str) -> float:
    return float(text) if text.isdecimal() else 0.0


def _parse(answer: bytes) -> Any:
    try:
        return json.loads(answer)
    except ValueError as error:
        raise RequestFailed("the answer is no JSON") from error
