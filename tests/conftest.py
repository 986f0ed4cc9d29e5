"""Real servers for the tests: an embedded PostgreSQL and Redis in a temporary folder, started when first asked for.

Their addresses are decided here, before Django reads its settings; that is why the settings module is named here and
not in pyproject.toml, which pytest-django would load first. DATABASE_URL and REDIS_URL, where set, win.
"""

import atexit
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import django
import pytest

from core import file_settings
from stack.embedded import embedded_servers
from stack.postgres_server import as_account
from tests import s3_server
from tools import chromium

os.environ["DJANGO_SETTINGS_MODULE"] = "core.settings"
# Read once, when huggingface_hub is imported: no test waits for the hub.
os.environ["HF_HUB_OFFLINE"] = "1"
# Seconds of a processor for each worker that a test starts.
os.environ.setdefault("FLOWDPPO_PLAYGROUND_STANDS_BY", "off")
# Playwright keeps an event loop in this thread, from its first test on; Django then suspects each query.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

DATA_DIR = Path(tempfile.mkdtemp(prefix="flowdppo-tests-"))
atexit.register(shutil.rmtree, DATA_DIR, ignore_errors=True)
os.environ["FLOWDPPO_DATA"] = str(DATA_DIR)

SERVERS = None
if "DATABASE_URL" not in os.environ or "REDIS_URL" not in os.environ:
    SERVERS = embedded_servers(DATA_DIR)
    os.environ.setdefault("DATABASE_URL", SERVERS.endpoints.database_url)
    os.environ.setdefault("REDIS_URL", SERVERS.endpoints.redis_url)


# Here rather than in a hook: the conftest files below this one import models.
django.setup()


@pytest.fixture(scope="session")
def servers():
    """PostgreSQL and Redis, up."""
    if SERVERS is None:
        yield
        return
    SERVERS.postgres.prepare()
    SERVERS.redis.prepare()
    with (
        # What a crash of the machine would lose does not matter here, and the disk is spared.
        _running([*SERVERS.postgres.command, "-c", "fsync=off"], as_account(SERVERS.postgres.account)) as postgres,
        _running(SERVERS.redis.command, {}) as redis,
    ):
        SERVERS.postgres.wait_until_ready(lambda: postgres.poll() is None)
        SERVERS.redis.wait_until_ready(lambda: redis.poll() is None)
        yield


@pytest.fixture(scope="session")
def s3(tmp_path_factory) -> Iterator[s3_server.S3Server]:
    """A real S3 server with an empty bucket."""
    server = s3_server.start(tmp_path_factory.mktemp("s3") / "data")
    yield server
    server.end()


@pytest.fixture
def s3_files(s3, settings, monkeypatch, tmp_path) -> str:
    """Files are kept in a folder of the bucket that this test has for itself; returns its FILES_URL."""
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    settings.MEDIA_ROOT = tmp_path / "files"
    url = f"s3://{s3_server.BUCKET}/{uuid.uuid4().hex}"
    settings.STORAGES = {**settings.STORAGES, "default": file_settings.s3(url)}
    return url


@pytest.fixture(scope="session")
def django_db_modify_db_settings(servers):
    """pytest-django asks for this before it makes the test database."""


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args) -> dict:
    """The Chromium of this machine, where there is one; as root it runs only without its sandbox."""
    found = chromium.find_on_system()
    return {
        **browser_type_launch_args,
        **({"executable_path": str(found)} if found else {}),
        "args": ["--no-sandbox", "--disable-background-networking"],
    }


class _running:
    """A server process for the length of a with block."""

    def __init__(self, command: list[str], account: dict):
        self._command, self._account = command, account

    def __enter__(self) -> subprocess.Popen:
        log = (DATA_DIR / f"{Path(self._command[0]).name}.log").open("w")
        self._process = subprocess.Popen(
            self._command, stdout=log, stderr=log, cwd="/", start_new_session=True, **self._account
        )
        return self._process

    def __exit__(self, *_) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
