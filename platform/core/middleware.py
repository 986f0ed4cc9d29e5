"""What every answer of the site carries."""

import logging

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.utils.deprecation import MiddlewareMixin

from core import requests
from core.storage import FilesAway

logger = logging.getLogger(__name__)

CONTENT_SECURITY_POLICY = "; ".join([
    "default-src 'self'",
    "img-src 'self' data:",
    "frame-ancestors 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "object-src 'none'",
])  # fmt: skip


class ContentSecurityPolicy(MiddlewareMixin):
    """Nothing is loaded from another host, and neither scripts nor styles stand in a page."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        return response


class SignInForFragments(MiddlewareMixin):
    """A fragment asked for after the session has ended reloads the page, which then asks to sign in."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        to_sign_in = response.status_code == 302 and response["Location"].startswith(resolve_url(settings.LOGIN_URL))
        if request.headers.get("HX-Request") and to_sign_in:
            return HttpResponse(status=204, headers={"HX-Refresh": "true"})
        return response


class NoteRequest(MiddlewareMixin):
    """Has the log and the metrics know which address this is, and who asks."""

    def process_view(self, request: HttpRequest, *_) -> None:
        requests.note(request)


class FilesAwayAnswer(MiddlewareMixin):
    """While the storage of files does not answer, pages without files do, and the others say so."""

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, FilesAway):
            return None
        logger.error("The file storage does not answer: %s", error)
        response = render(request, "503.html", status=503)
        response["Retry-After"] = "30"
        return response
