"""Figures for Prometheus, at /metrics for who has METRICS_TOKEN: of this process, and of the whole installation."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, ProcessCollector, generate_latest

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)

registry = CollectorRegistry()
ProcessCollector(registry=registry)
_requests = Histogram(
    "flowdppo_http_request_seconds",
    "Time to answer, by pattern of the address.",
    ["method", "route", "status"],
    buckets=BUCKETS,
    registry=registry,
)


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    _requests.labels(method, route, status).observe(seconds)


@login_not_required
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Without a METRICS_TOKEN in the environment nobody may read them."""
    if not settings.METRICS_TOKEN:
        return _plain("There are no metrics here: set METRICS_TOKEN.", 404)
    given = request.headers.get("Authorization", "")
    if not constant_time_compare(given, f"Bearer {settings.METRICS_TOKEN}"):
        return _plain("Send the header Authorization: Bearer with the METRICS_TOKEN.", 401)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _plain(text: str, status: int) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
