"""What every page knows of alerts: how many wait for somebody."""

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from alerts.selectors import MOST_COUNTED, count_open


def open_alerts(request: HttpRequest) -> dict:
    """`num_open_alerts`, asked for when a page shows it: "", "7" or "99+"."""
    return {"num_open_alerts": SimpleLazyObject(lambda: _words(request))}


def _words(request: HttpRequest) -> str:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return ""
    count = count_open(user)
    return f"{MOST_COUNTED}+" if count > MOST_COUNTED else str(count or "")
