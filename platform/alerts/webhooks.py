"""One POST to a webhook: signed, to the very address that was checked, without following where it is sent on to."""

import time
from dataclasses import dataclass

import httpx
import orjson

from alerts import signing
from alerts.hosts import HostRefused, find_addresses

TIMEOUT_SECONDS = 10.0
DEADLINE_SECONDS = 20.0
MAX_ANSWER_BYTES = 64 * 1024
MAX_QUOTED = 160


class NotDelivered(Exception):
    """What went wrong, for the owners of the team; `status` is the answer's, where there was one."""

    def __init__(self, message: str, status: int | None = None):
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Webhook:
    """Where to post, and what to sign with."""

    url: str
    secret: str

    def post(self, event_id: str, content: dict) -> int:
        """The status of the answer, one of 200 to 299. Raises NotDelivered."""
        body = orjson.dumps(content)
        signature = signing.headers(self.secret, event_id, int(time.time()), body)
        try:
            return _post(httpx.URL(self.url), body, signature)
        except HostRefused as error:
            raise NotDelivered(str(error)) from error
        except (httpx.HTTPError, OSError) as error:
            raise NotDelivered(f"{type(error).__name__}: {error}"[:MAX_QUOTED]) from error


def _post(url: httpx.URL, body: bytes, signature: dict[str, str]) -> int:
    """The name is looked up once: looked up again, it could lead elsewhere."""
    *others, last = find_addresses(url)
    with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False, follow_redirects=False) as client:
        for address in others:
            try:
                return _post_to(client, url, address, body, signature)
            except httpx.ConnectError:
                continue
        return _post_to(client, url, last, body, signature)


def _post_to(client: httpx.Client, url: httpx.URL, address: str, body: bytes, signature: dict[str, str]) -> int:
    headers = {
        "Host": url.netloc.decode("ascii"),
        "Content-Type": "application/json",
        "User-Agent": "Flow-DPPO",
        **signature,
    }
    request = client.build_request(
        "POST",
        url.copy_with(host=address),
        content=body,
        headers=headers,
        extensions={**_timeouts(), "sni_hostname": url.raw_host.decode("ascii")},
    )
    response = client.send(request, stream=True)
    try:
        said = _read(response)
    finally:
        response.close()
    if response.is_success:
        return response.status_code
    if response.is_redirect:
        said = "a redirection, which is not followed: give the address that it leads to"
    words = " ".join(said.split())[:MAX_QUOTED] or "no explanation"
    raise NotDelivered(f"Status {response.status_code}: {words}", response.status_code)


def _timeouts() -> dict:
    return {"timeout": httpx.Timeout(TIMEOUT_SECONDS).as_dict()}


def _read(response: httpx.Response) -> str:
    """The beginning of the answer; one that never ends is no reason to wait."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    answer = bytearray()
    for chunk in response.iter_raw():
        answer += chunk
        if len(answer) > MAX_ANSWER_BYTES or time.monotonic() > deadline:
            break
    return answer[:1000].decode("utf-8", "replace")
