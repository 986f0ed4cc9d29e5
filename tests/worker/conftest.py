"""A real worker process over the real PostgreSQL and Redis, with the fake engine unless a test says otherwise."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg
import pytest
import redis
from django.conf import settings as django_settings
from django.db import connection

from flowdppo_engine.config import RunConfig
from runs import lifecycle
from runs.models import Attempt, Experiment, Run, RunState
from teams.models import Team

FAKE_ENGINE = f"{sys.executable},-m,tests.worker.fake_engine"
PATIENCE = 900.0


def wait_for(condition: Callable[[], object], what: str):
    """What `condition` returns, once that is true. The limit only ends a test that has failed."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, f"Waited in vain for {what}."
        time.sleep(0.05)
    return found


def wait_for_state(run: Run, *states: RunState) -> Run:
    def arrived() -> bool:
        run.refresh_from_db()
        return run.state in states

    wait_for(arrived, f"{' or '.join(states)}")
    return run


def wait_until_held(run: Run) -> psutil.Process:
    """The engine's process, once it holds where the test told it to and its events so far are stored."""
    wait_for((folder_of(run) / "held").exists, "the engine to hold")
    attempt = run.attempts.last()
    (folder_of(run) / "held").unlink()
    return psutil.Process(attempt.engine_pid)


def folder_of(run: Run) -> Path:
    return Path(django_settings.MEDIA_ROOT) / run.folder


def let_go(run: Run) -> None:
    (folder_of(run) / "go").touch()


def live_points(run: Run) -> list[tuple]:
    """The spliced line: what still counts, in order."""
    points = []
    for attempt in run.attempts.order_by("number"):
        end = float("inf") if attempt.valid_until is None else attempt.valid_until
        points += attempt.points.filter(iteration__lte=min(end, 2**31 - 1)).values_list(
            "key", "iteration", "step", "value"
        )
    return sorted(points)


def processes_of(attempt: Attempt) -> list[int]:
    from stack.process_group import ProcessGroup

    return ProcessGroup(attempt.engine_pid, attempt.engine_started_at).members()


class Workers:
    """Starts `python -m worker` processes, and ends the ones that a test leaves."""

    def __init__(self, data_dir: Path):
        self._data_dir = data_dir
        self._started: list[subprocess.Popen] = []

    def start(self, role: str = "runs", engine: str = FAKE_ENGINE, **options) -> subprocess.Popen:
        """Options as in fake_engine."""
        database = connection.settings_dict
        env = os.environ | {
            "DATABASE_URL": (
                f"postgresql://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}"
                f"/{database['NAME']}"
            ),
            "FLOWDPPO_DATA": str(self._data_dir),
            "FLOWDPPO_ENGINE_COMMAND": engine,
            "FLOWDPPO_ENGINE_GRACE_SECONDS": str(options.pop("grace", 30)),
            "FAKE_ENGINE": json.dumps(options),
        }
        with (self._data_dir / f"{role}.log").open("a") as log:
            command = [sys.executable, "-m", "worker", role]
            process = subprocess.Popen(command, env=env, cwd=django_settings.ROOT, stdout=log, stderr=log)
        self._started.append(process)
        return process

    def end(self) -> None:
        for process in self._started:
            process.kill()
            process.wait()


@pytest.fixture
def workers(transactional_db, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    settings.MEDIA_ROOT = tmp_path / "files"
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.delete("runs", "housekeeping")
    started = Workers(tmp_path)
    yield started
    started.end()
    _end_engines()
    client.delete("runs", "housekeeping")


def _end_engines() -> None:
    from stack.process_group import ProcessGroup

    for attempt in Attempt.objects.exclude(engine_pid=None):
        ProcessGroup(attempt.engine_pid, attempt.engine_started_at).end(0)


@pytest.fixture
def submit(transactional_db):
    """Submits a run of 12 iterations, or as many as asked."""
    team = Team.objects.create(name="Team", slug="team")
    experiment = Experiment.objects.create(team=team, name="Experiment")

    def submit(iterations: int = 12, **values) -> Run:
        config = RunConfig(iterations=iterations).model_dump(mode="json")
        run = Run.objects.create(experiment=experiment, name="run", **({"recipe": "fake", "config": config} | values))
        lifecycle.enqueue(run)
        return run

    return submit


@pytest.fixture
def database_away():
    """Within it the test database ends every session and lets nobody in."""

    @contextlib.contextmanager
    def away():
        name = connection.settings_dict["NAME"]
        with psycopg.connect(django_settings.DATABASE_URL, autocommit=True) as elsewhere:
            elsewhere.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            elsewhere.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
            connection.close()
            try:
                yield
            finally:
                elsewhere.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    return away
