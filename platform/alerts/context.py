"""What every page knows of alerts: how many wait for somebody."""

from django.http import HttpRequest

from alerts.selectors import count_open
from core.badges import badge


def open_alerts(request: HttpRequest) -> dict:
    return {"num_open_alerts": badge(request, count_open)}
