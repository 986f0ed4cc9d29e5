"""Requests to the server. What it refuses becomes a ClientError in its own words."""

import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from flowdppo_engine.client.refusals import ClientError, Conflict, Exit, Gone
from flowdppo_engine.client.signing_in import SignIn

API = "/api/v1"
TIMEOUT = httpx.Timeout(60.0, connect=10.0)
AWAY = (502, 503, 504)
PAUSE_SECONDS = 1.0
CODES = {401: Exit.NOT_SIGNED_IN, 422: Exit.DOES_NOT_FIT}


class Connection:
    """Asks as one person. `patience`: seconds to go on asking a server that does not answer."""

    def __init__(self, sign_in: SignIn, patience: float = 5.0):
        self.server = sign_in.server
        self.patience = patience
        headers = {"Authorization": f"Bearer {sign_in.token}", "User-Agent": "flowdppo"}
        self._http = httpx.Client(base_url=sign_in.server, headers=headers, timeout=TIMEOUT)

    def get(self, path: str, **query: Any) -> Any:
        return self._json("GET", path, params=_without_none(query))

    def post(self, path: str, body: dict, headers: dict[str, str] | None = None) -> Any:
        """Sent again with the same key where no answer came, so that it is done once."""
        return self._json("POST", path, json=body, headers={"Idempotency-Key": str(uuid.uuid4()), **(headers or {})})

    def send(self, path: str, content: bytes, headers: dict[str, str], **query: Any) -> Any:
        """Bytes as they are. Sent again where no answer came, so the operation must bear it."""
        headers = {"Content-Type": "application/x-ndjson", **headers}
        return self._json("POST", path, content=content, headers=headers, params=query)

    def pages(self, path: str, most: int | None = None, **query: Any) -> Iterator[dict]:
        """The entries of a list, page by page, at most `most`."""
        cursor, count = "", 0
        while cursor is not None and (most is None or count < most):
            left = 200 if most is None else min(200, most - count)
            page = self.get(path, cursor=cursor, limit=left, **query)
            yield from page["items"]
            cursor, count = page["next"], count + len(page["items"])

    def download(self, path: str, target: Path, **query: Any) -> Path:
        """Into a file that stands there as a whole or not at all. A missing suffix follows from the content's type."""
        target.parent.mkdir(parents=True, exist_ok=True)
        staging = target.with_name(f".{target.name}.part")
        try:
            with self._http.stream("GET", _address(path), params=_without_none(query)) as answer:
                if answer.is_error:
                    answer.read()
                    raise _refusal(answer, self.server)
                with staging.open("wb") as file:
                    for block in answer.iter_bytes():
                        file.write(block)
        except httpx.TransportError as error:
            message = f"{self.server} broke off at {target} ({error}): run the command again, it goes on from there."
            raise ClientError(message, Exit.NO_ANSWER) from error
        return staging.rename(target if target.suffix else target.with_suffix(_suffix(answer)))

    def page_of(self, thing: dict) -> str:
        """The address of a thing's page in the browser."""
        return f"{self.server}{thing['page']}"

    def _json(self, method: str, path: str, **options: Any) -> Any:
        answer = self._ask(method, path, **options)
        if answer.is_error:
            raise _refusal(answer, self.server)
        try:
            return answer.json()
        except ValueError:
            raise ClientError(f"{self.server} is no Flow-DPPO server: check the address.", Exit.NO_ANSWER) from None

    def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        give_up = time.monotonic() + self.patience
        while True:
            try:
                answer = self._http.request(method, _address(path), **options)
                if answer.status_code not in AWAY:
                    return answer
                trouble = f"HTTP {answer.status_code}"
            except httpx.TransportError as error:
                trouble = str(error) or type(error).__name__
            if time.monotonic() > give_up:
                message = f"{self.server} does not answer ({trouble}): check the address, and whether it runs."
                raise ClientError(message, Exit.NO_ANSWER)
            time.sleep(PAUSE_SECONDS)


def _address(path: str) -> str:
    """Lists name files by addresses of the server."""
    return path if path.startswith(API) else API + path


def _refusal(answer: httpx.Response, server: str) -> ClientError:
    values = {}
    try:
        content = answer.json()
        values = {problem["field"]: problem["value"] for problem in content["problems"]}
        sentences = [_sentence(problem) for problem in content["problems"]] or [content["error"]]
    except (ValueError, KeyError, TypeError):
        sentences = [f"{server} answered HTTP {answer.status_code} to {answer.request.method} {answer.request.url}."]
    if answer.status_code == httpx.codes.GONE:
        return Gone("\n".join(sentences))
    if answer.status_code == httpx.codes.CONFLICT:
        return Conflict("\n".join(sentences), values)
    return ClientError("\n".join(sentences), CODES.get(answer.status_code, Exit.REFUSED))


def _sentence(problem: dict) -> str:
    given = problem["value"]
    shown = "" if given is None or str(given) in problem["message"] else f" = {given}"
    return f"{problem['field']}{shown}: {problem['message']}"


def _without_none(query: dict) -> dict:
    return {key: value for key, value in query.items() if value is not None}


def _suffix(answer: httpx.Response) -> str:
    kind = answer.headers.get("Content-Type", "").partition(";")[0]
    return {"image/png": ".png", "image/webp": ".webp", "image/jpeg": ".jpg"}.get(kind, ".bin")
