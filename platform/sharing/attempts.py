"""Counts by the minute: secrets that open nothing by address, as attempts to sign in are, and files that are taken."""

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import HttpRequest

from sharing.models import ShareLink

# A page that was open when its link ended asks on for a while, so there may be more than at the sign-in.
MOST, SECONDS = 60, 60
# A file takes the server seconds, and whoever has the link may ask for it.
MOST_FILES = 10


def is_too_much(request: HttpRequest) -> bool:
    """Count one more from this address: whether it was one too many within a minute."""
    return _count(f"share-attempts:{get_adapter().get_client_ip(request)}") > MOST


def are_too_many_files(link: ShareLink) -> bool:
    """Count one more file by this link: whether it was one too many within a minute."""
    return _count(f"share-files:{link.id}") > MOST_FILES


def _count(key: str) -> int:
    cache.add(key, 0, timeout=SECONDS)
    try:
        return cache.incr(key)
    except ValueError:
        # The minute was over in between.
        return 1
