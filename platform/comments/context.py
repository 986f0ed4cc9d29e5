"""What every page knows of the person's inbox: how much of it is unread."""

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from comments.selectors import MOST_COUNTED, num_unread


def inbox(request: HttpRequest) -> dict:
    """`num_unread`, asked for when a page shows it: "", "7" or "99+"."""
    return {"num_unread": SimpleLazyObject(lambda: _words(request))}


def _words(request: HttpRequest) -> str:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return ""
    count = num_unread(user)
    return f"{MOST_COUNTED}+" if count > MOST_COUNTED else str(count or "")
