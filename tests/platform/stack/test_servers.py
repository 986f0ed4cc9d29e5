"""The embedded servers of the test session itself: they are what `make run` starts."""

from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from django.conf import settings
from django.db import connection


@pytest.mark.django_db
def test_postgres_is_version_18():
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        assert cursor.fetchone()[0].startswith("18")


def test_postgres_wants_the_password(servers):
    parts = urlsplit(settings.DATABASE_URL)
    wrong = settings.DATABASE_URL.replace(parts.password, "wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_redis_never_evicts_and_keeps_an_append_only_file(servers):
    client = redis.Redis.from_url(settings.REDIS_URL)
    assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    assert client.config_get("appendonly") == {"appendonly": "yes"}
