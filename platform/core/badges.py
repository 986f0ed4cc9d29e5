"""The small numbers beside the icons on every page. More than 99 are not worth counting."""

from collections.abc import Callable

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

MOST_COUNTED = 99


def count_some(rows: QuerySet) -> int:
    """At most MOST_COUNTED + 1."""
    return rows.select_related(None).order_by()[: MOST_COUNTED + 1].count()


def badge(request: HttpRequest, count: Callable[[AbstractBaseUser], int]) -> SimpleLazyObject:
    """Nothing, "7" or "99+", counted when a page shows it."""
    return SimpleLazyObject(lambda: _words(request, count))


def _words(request: HttpRequest, count: Callable[[AbstractBaseUser], int]) -> str:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return ""
    number = count(user)
    return f"{MOST_COUNTED}+" if number > MOST_COUNTED else str(number or "")
