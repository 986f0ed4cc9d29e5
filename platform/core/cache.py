"""The cache that all processes share, so that attempts to sign in are counted once for all of them: in Redis, as JSON.

Redis may be away, and people still sign in: until it is back each process counts for itself, and says so in its log.
"""

import json
import logging
import time
from functools import wraps

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

ANSWER_SECONDS = 2
SAY_EVERY = 60.0

logger = logging.getLogger(__name__)


def caches(redis_url: str) -> dict:
    """CACHES; without a Redis, as for commands that need no server, each process has its own."""
    if not redis_url:
        return {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    options = {
        "serializer": "core.cache.JsonTexts",
        "socket_connect_timeout": ANSWER_SECONDS,
        "socket_timeout": ANSWER_SECONDS,
    }
    backend = "core.cache.SharedCache"
    return {"default": {"BACKEND": backend, "LOCATION": redis_url, "KEY_PREFIX": "cache", "OPTIONS": options}}


class JsonTexts:
    """What is read back from a server is never unpickled."""

    def dumps(self, value) -> bytes | int:
        # Redis counts up what it knows as a number.
        return value if type(value) is int else json.dumps(value).encode()

    def loads(self, data: bytes):
        return json.loads(data)


def _here_while_away(name: str):
    """The method of this name, on this process's own cache while Redis does not answer."""
    shared = getattr(RedisCache, name)

    @wraps(shared)
    def ask(self, *args, **kwargs):
        try:
            return shared(self, *args, **kwargs)
        except RedisError as error:
            self._say(error)
            return getattr(self._own, name)(*args, **kwargs)

    return ask


class SharedCache(RedisCache):
    """Django's cache in Redis, beside the broker's keys."""

    def __init__(self, server: str, params: dict):
        super().__init__(server, params)
        self._own = LocMemCache("while redis is away", {**params, "OPTIONS": {}})
        self._say_at = 0.0

    add, get, set, touch, delete = map(_here_while_away, ("add", "get", "set", "touch", "delete"))
    get_many, set_many, delete_many = map(_here_while_away, ("get_many", "set_many", "delete_many"))
    has_key, incr = map(_here_while_away, ("has_key", "incr"))

    def clear(self) -> bool:
        """Our own keys alone: emptying the whole database would take the broker's messages along."""
        client = self._cache.get_client(write=True)
        for key in client.scan_iter(match=f"{self.key_prefix}:*", count=1000):
            client.delete(key)
        return True

    def _say(self, error: RedisError) -> None:
        if time.monotonic() >= self._say_at:
            logger.warning("Redis does not answer, so each process counts attempts for itself: %s", error)
            self._say_at = time.monotonic() + SAY_EVERY
