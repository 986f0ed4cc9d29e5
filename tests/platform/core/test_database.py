"""Connections that the web process's threads share."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.db import connection
from django.db.utils import ConnectionHandler

from core.database import databases

NUM_THREADS, POOL = 40, 3


@pytest.fixture
def shared(transactional_db):
    """The test database, reached as the web process reaches it."""
    default = databases(settings.DATABASE_URL, POOL)["default"] | {"NAME": connection.settings_dict["NAME"]}
    default["OPTIONS"]["application_name"] = "pooled"
    connections = ConnectionHandler({"default": default})
    yield connections
    connections["default"].close_pool()


def ask(connections: ConnectionHandler, query: str):
    try:
        with connections["default"].cursor() as cursor:
            return cursor.execute(query).fetchone()[0]
    finally:
        connections["default"].close()


def num_open() -> int:
    with connection.cursor() as cursor:
        return cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pooled'").fetchone()[0]


def test_many_threads_share_few_connections(shared):
    with ThreadPoolExecutor(NUM_THREADS) as threads:
        asked = threads.map(lambda number: ask(shared, f"SELECT {number} FROM pg_sleep(0.01)"), range(NUM_THREADS))
        assert list(asked) == list(range(NUM_THREADS))
    assert 0 < num_open() <= POOL


def test_connections_that_the_server_has_ended_are_replaced(shared):
    before = ask(shared, "SELECT pg_backend_pid()")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pooled'")
    assert ask(shared, "SELECT pg_backend_pid()") != before


def test_without_a_pool_and_without_an_address():
    assert "OPTIONS" not in databases(settings.DATABASE_URL, 0)["default"]
    assert databases("", 20) == {}
