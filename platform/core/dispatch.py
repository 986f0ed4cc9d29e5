"""Two applications behind one address: Django, and Gradio's panel under /panel/ behind a guard of its own.

Gradio answers several of its routes to anyone, serves a file to every user alike, and knows nothing of CSRF. So a
request under /panel reaches it only when a signed-in person asks, from this site, for one of the few routes that the
panel uses.
"""

import re
import time
from collections.abc import Awaitable, Callable
from urllib.parse import quote, urlsplit

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.middleware import SessionMiddleware
from django.db import connections
from django.http import HttpRequest, HttpResponse, parse_cookie
from django.shortcuts import resolve_url
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from core import requests
from core.compression import compress_panel

App = Callable[[dict, Callable, Callable], Awaitable[None]]

PREFIX = "/panel"
USER_KEY = "flowdppo.user"
"""Where the guard leaves the primary key of the person who asks, in the ASGI scope."""

REMEMBERED_SECONDS = 10
PAGE = re.compile(r"/?")
# What the panel's page loads and calls. The rest of Gradio (files, uploads, proxies, monitoring, ...) is shut.
PACKAGE_FILES = re.compile(r"/(assets|static)/(?!.*\.\.)[\w./-]+")
CALLS = re.compile(r"/theme\.css|/gradio_api/run/predict")

# The run page frames the panel, and nobody else does; nothing is loaded from another host.
CONTENT_SECURITY_POLICY = "; ".join([
    "default-src 'self'",
    # Gradio starts itself with inline scripts and compiles its HTML templates in the browser.
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "frame-ancestors 'self'",
    "base-uri 'self'",
    "form-action 'none'",
    "object-src 'none'",
])  # fmt: skip


class Dispatcher:
    """The ASGI application of the web process."""

    def __init__(self, site: App, panel: App):
        self._site = site
        self._panel = panel
        self._guard = Guard(compress_panel(panel))

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "lifespan":
            await self._panel(scope, receive, send)
        elif scope["type"] == "http":
            await requests.follow(self._room_of(scope), scope, receive, send)
        else:
            await self._room_of(scope)(scope, receive, send)

    def _room_of(self, scope) -> App:
        is_panel = scope["path"] == PREFIX or scope["path"].startswith(f"{PREFIX}/")
        return self._guard if is_panel else self._site


class Guard:
    """Lets a signed-in person through to the panel, and nobody and nothing else."""

    def __init__(self, panel: App):
        self._panel = panel
        self._recent: dict[str, tuple[str, float]] = {}

    async def __call__(self, scope, receive, send) -> None:
        headers = Headers(scope=scope)
        user_id = await self._find_user(scope["path"], headers.get("cookie", ""))
        refusal = refuse(scope, headers, user_id)
        if refusal is None:
            await self._panel({**scope, USER_KEY: user_id}, receive, _with_security_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refusal(scope, receive, send)

    async def _find_user(self, path: str, cookies: str) -> str | None:
        """Who asks. A page loads some sixty files of the Gradio package, alike for everyone: for those it may be
        a few seconds ago that we looked.
        """
        user_id, until = self._recent.get(cookies, (None, 0.0))
        if until > time.monotonic() and PACKAGE_FILES.fullmatch(path.removeprefix(PREFIX)):
            return user_id
        async with ThreadSensitiveContext():
            user_id = await sync_to_async(find_user)(cookies)
        self._remember(cookies, user_id)
        return user_id

    def _remember(self, cookies: str, user_id: str | None) -> None:
        now = time.monotonic()
        self._recent = {known: entry for known, entry in self._recent.items() if entry[1] > now}
        self._recent.pop(cookies, None)
        if user_id is not None:
            self._recent[cookies] = (user_id, now + REMEMBERED_SECONDS)


def find_user(cookie_header: str) -> str | None:
    """The primary key of the active person whose Django session these cookies carry, or None."""
    request = HttpRequest()
    request.COOKIES = parse_cookie(cookie_header)
    try:
        SessionMiddleware(lambda _: HttpResponse()).process_request(request)
        user = get_user(request)
        return str(user.pk) if user.is_authenticated and user.is_active else None
    finally:
        # This thread lives for one request, outside Django's own handling of connections.
        connections.close_all()


def refuse(scope, headers: Headers, user_id: str | None) -> Response | None:
    """The answer to a request that must not reach the panel, or None where it may."""
    path = scope["path"].removeprefix(PREFIX)
    is_page = bool(PAGE.fullmatch(path)) and scope.get("method") in ("GET", "HEAD")
    if user_id is None and is_page:
        return RedirectResponse(f"{resolve_url(settings.LOGIN_URL)}?next={quote(_address(scope))}", status_code=302)
    if user_id is None:
        return PlainTextResponse("Sign in first.", status_code=401)
    if scope["type"] != "http" or not (is_page or PACKAGE_FILES.fullmatch(path) or CALLS.fullmatch(path)):
        return PlainTextResponse("The panel has no such page.", status_code=404)
    if scope["method"] not in ("GET", "HEAD") and not _comes_from_this_site(headers):
        return PlainTextResponse("Ask from a page of this site.", status_code=403)
    return None


def _address(scope) -> str:
    query = scope["query_string"].decode("latin-1")
    return f"{scope['path']}?{query}" if query else scope["path"]


def _comes_from_this_site(headers: Headers) -> bool:
    origin = headers.get("origin", "")
    return origin in settings.CSRF_TRUSTED_ORIGINS or urlsplit(origin).netloc == headers.get("host")


def _with_security_headers(send):
    async def send_with_headers(message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["content-security-policy"] = CONTENT_SECURITY_POLICY
            headers["x-content-type-options"] = "nosniff"
            headers["referrer-policy"] = "same-origin"
        await send(message)

    return send_with_headers
