"""What every page knows of the person's inbox: how much of it is unread."""

from django.http import HttpRequest

from comments.selectors import num_unread
from core.badges import badge


def inbox(request: HttpRequest) -> dict:
    return {"num_unread": badge(request, num_unread)}
