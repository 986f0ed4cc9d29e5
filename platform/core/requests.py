"""Every request leaves a line in the log and a figure in the metrics: what was asked for, by whom, how it went.

What was asked for is told by the pattern of the address, never the address itself: a link to a new password, say, is a
secret.
"""

import logging
import re
import secrets
import time
from contextvars import ContextVar
from dataclasses import dataclass

from django.http import HttpRequest
from starlette.datastructures import Headers, MutableHeaders

from core import logs, metrics

HEADER = "X-Request-ID"
PROXYS_OWN = re.compile(r"[\w-]{8,64}")
# Asked every few seconds, by machines.
NOT_TOLD = ("/healthz", "/readyz", "/metrics", "/static")

logger = logging.getLogger(__name__)


@dataclass
class Facts:
    """What is learned of a request on its way."""

    route: str
    user: str = ""
    status: int = 500


_current: ContextVar[Facts | None] = ContextVar("request", default=None)


def note(request: HttpRequest) -> None:
    """Django has found out which address this is, and who asks."""
    facts = _current.get()
    if facts is not None:
        facts.route = f"/{request.resolver_match.route}"
        facts.user = str(request.user.pk) if request.user.is_authenticated else ""


async def follow(app, scope, receive, send) -> None:
    """Answer one HTTP request with `app`."""
    given = Headers(scope=scope).get(HEADER, "")
    request_id = given if PROXYS_OWN.fullmatch(given) else secrets.token_hex(8)
    facts = Facts(_first_part(scope["path"]))
    token = _current.set(facts)

    async def send_with_id(message) -> None:
        if message["type"] == "http.response.start":
            facts.status = message["status"]
            MutableHeaders(scope=message)[HEADER] = request_id
        await send(message)

    began = time.perf_counter()
    try:
        with logs.about(request=request_id):
            try:
                await app(scope, receive, send_with_id)
            finally:
                _tell(scope["method"], facts, time.perf_counter() - began)
    finally:
        _current.reset(token)


def _tell(method: str, facts: Facts, seconds: float) -> None:
    metrics.observe_request(method, facts.route, facts.status, seconds)
    if facts.route in NOT_TOLD:
        return
    with logs.about(**({"user": facts.user} if facts.user else {})):
        told = {"method": method, "route": facts.route, "status": facts.status, "milliseconds": round(1000 * seconds)}
        logger.info("%s %s %d in %d ms", *told.values(), extra=told)


def _first_part(path: str) -> str:
    """Of an address that Django does not come to see, or knows nothing of."""
    first = path.strip("/").partition("/")[0]
    return f"/{first}" if first in ("panel", "static") else "elsewhere"
