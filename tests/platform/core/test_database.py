"""Connections that the web process's threads share."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.db import connection
from django.db.utils import ConnectionHandler

from core import database

NUM_THREADS, POOL = 40, 3


@pytest.fixture
def shared(transactional_db, monkeypatch):
    """The test database, reached as the web process reaches it."""
    monkeypatch.setattr(database, "_pool", POOL)
    default = database.databases(settings.DATABASE_URL)["default"] | {"NAME": connection.settings_dict["NAME"]}
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


def test_without_a_pool_and_without_an_address(monkeypatch):
    monkeypatch.setattr(database, "_pool", 0)
    assert "OPTIONS" not in database.databases(settings.DATABASE_URL)["default"]
    assert database.databases("") == {}


def test_only_the_web_process_shares():
    """Whoever else looks at who is connected, as `restore` does, finds nothing but itself."""
    script = "import sys\nif sys.argv[1:]: import core.asgi\nfrom django.conf import settings\n"
    script += "print('OPTIONS' in settings.DATABASES['default'])"
    env = os.environ | {"DATABASE_POOL": "5", "PYTHONPATH": str(settings.ROOT / "platform")}

    def shares(*arguments: str) -> str:
        command = [sys.executable, "-c", script, *arguments]
        return subprocess.run(command, env=env, cwd=settings.ROOT, capture_output=True, text=True, check=True).stdout

    assert (shares(), shares("web")) == ("False\n", "True\n")
