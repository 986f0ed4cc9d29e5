"""Somebody comes with the secret of a link: without an account, without cookies, to see one thing and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import ClassVar

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from pictures.refs import ref_of
from reports.scope import Row, Scope
from sharing.attempts import is_too_much
from sharing.models import ShareLink
from sharing.selectors import find_link, scope_of

SHORTLY = "private, max-age=600"

View = Callable[..., HttpResponse]


@dataclass(frozen=True)
class Visit:
    """A link that holds, and the place of its addresses (`reports.places.Place`)."""

    link: ShareLink
    secret: str

    is_away: ClassVar[bool] = False

    @property
    def scope(self) -> Scope:
        return scope_of(self.link)

    @property
    def panels_at(self) -> str:
        return reverse("share_panel", args=[self.secret, 0]).removesuffix("0/")

    def thumbnail(self, row: Row) -> str:
        return reverse("share_thumbnail", args=[self.secret, str(ref_of(row))])

    def picture(self, row: Row) -> str:
        return reverse("share_picture", args=[self.secret, str(ref_of(row))])

    def run(self, run_id) -> str:
        return ""


def visited(view: View) -> View:
    """For addresses behind a secret. Whatever does not hold or is not in the share looks alike."""

    @wraps(view)
    def answer(request: HttpRequest, secret: str, **kwargs) -> HttpResponse:
        link = find_link(secret)
        try:
            response = view(request, Visit(link, secret), **kwargs) if link else _refuse(request)
        except Http404:
            response = _closed(request, 404)
        return _sealed(response)

    return login_not_required(require_safe(answer))


def _refuse(request: HttpRequest) -> HttpResponse:
    return _closed(request, 429 if is_too_much(request) else 404)


def _closed(request: HttpRequest, status: int) -> HttpResponse:
    return render(request, "sharing/closed.html", {"status": status}, status=status)


def _sealed(response: HttpResponse) -> HttpResponse:
    """The address is a secret: it is told to nobody, kept by no cache and found by no search engine."""
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    is_picture = response.get("Content-Type", "").startswith(("image/", "video/"))
    # A browser may keep pictures for as long as somebody looks around; longer, and a revoked link would still show.
    response["Cache-Control"] = SHORTLY if is_picture else "private, no-store"
    return response
