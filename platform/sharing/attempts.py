"""Secrets that open nothing are counted by address, as attempts to sign in are."""

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import HttpRequest

# A page that was open when its link ended asks on for a while, so there may be more than at the sign-in.
MOST, SECONDS = 60, 60


def is_too_much(request: HttpRequest) -> bool:
    """Count one more from this address: whether it was one too many within a minute."""
    key = f"share-attempts:{get_adapter().get_client_ip(request)}"
    cache.add(key, 0, timeout=SECONDS)
    try:
        return cache.incr(key) > MOST
    except ValueError:
        # The minute was over in between.
        return False
