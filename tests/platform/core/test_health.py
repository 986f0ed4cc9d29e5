"""/healthz and /readyz: what is down, in words."""

import threading
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.functions import Now

from core import health, queue_watch
from core.storage import FilesAway
from fleet.models import Node
from runs.models import Attempt, Run, RunState
from tests.platform.lab import CONFIG
from worker.watchdog import Watchdog

LONG_AGO = timedelta(minutes=5)


@pytest.fixture(autouse=True)
def own_cache():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def kept():
    """Somebody keeps house."""
    queue_watch.note_housekeeping()


def ready(client) -> tuple[int, dict]:
    response = client.get("/readyz")
    return response.status_code, response.json()


def make_waiting(lab) -> Run:
    """A run that has waited for five minutes, and a node that could take it."""
    run = Run.objects.create(experiment=lab.experiment, name="run", recipe="r", config=CONFIG, total_iterations=1)
    Run.objects.filter(id=run.id).update(created_at=Now() - LONG_AGO)
    Attempt.objects.update(started_at=Now() - LONG_AGO)
    Node.objects.create(
        name="node-1", host="h", version="1", slots=[0], job_slots=1, started_at=Now() - LONG_AGO, heartbeat_at=Now()
    )
    return run


def test_ready_while_everything_answers(client, db, kept):
    parts = ("database", "broker", "files", "migrations", "queue", "housekeeping")
    assert ready(client) == (200, dict.fromkeys(parts, "ok"))


def test_not_ready_without_a_broker(client, db, settings):
    settings.BROKER_URL = "redis://user:the-password@127.0.0.1:1/0"
    status, parts = ready(client)
    assert (status, parts["broker"], parts["database"]) == (503, "does not answer", "ok")
    assert "the-password" not in str(parts)


def test_not_ready_without_rabbitmq(client, db, settings):
    settings.BROKER_URL = "amqp://guest:guest@127.0.0.1:1//"
    assert ready(client)[1]["broker"] == "does not answer"


def test_not_ready_without_the_files(client, db, kept, monkeypatch):
    def refuse():
        raise FilesAway("S3 answers AccessDenied")

    monkeypatch.setattr(health.default_storage, "probe", refuse)
    status, parts = ready(client)
    assert (status, parts["files"], parts["queue"]) == (503, "S3 answers AccessDenied", "ok")


def test_not_ready_without_the_database(client, db, kept, monkeypatch):
    def refuse():
        raise health.DatabaseError("password=secret")

    with monkeypatch.context() as patch:
        patch.setattr(health.connection, "cursor", refuse)
        status, parts = ready(client)
    assert (status, parts["database"], parts["broker"]) == (503, "does not answer", "ok")
    assert parts["queue"] == parts["migrations"] == "not known while the database does not answer"


def test_not_ready_before_the_tables_are_up_to_date(client, db, kept):
    MigrationRecorder.Migration.objects.filter(app="sessions").delete()
    status, parts = ready(client)
    assert (status, parts["migrations"]) == (503, "1 are to be applied: run `manage.py prepare_site`")


def test_a_run_that_nobody_takes_is_told_and_pages_go_on(client, lab, kept):
    make_waiting(lab)
    status, parts = ready(client)
    assert status == 200
    assert parts["queue"] == "a run could start and nobody takes it: restart the workers, and read their logs"


@pytest.mark.parametrize("reason", ["node came", "node is silent", "node drains", "slot became free", "run is new"])
def test_a_run_that_waits_for_a_reason_is_fine(reason, lab):
    run = make_waiting(lab)
    changes = {
        "node came": {"started_at": Now()},
        "node is silent": {"heartbeat_at": Now() - LONG_AGO},
        "node drains": {"draining_at": Now()},
    }
    Node.objects.update(**changes.get(reason, {}))
    if reason == "slot became free":
        other = Run.objects.create(experiment=lab.experiment, name="o", recipe="r", config=CONFIG, state="finished")
        Attempt.objects.create(run=other, number=1, worker="node-1", outcome="finished", ended_at=Now())
        Attempt.objects.update(started_at=Now() - LONG_AGO)
    if reason == "run is new":
        Run.objects.filter(id=run.id).update(created_at=Now())
    assert Run.objects.filter(state=RunState.QUEUED).exists()
    assert queue_watch.problem() == ""


def test_a_house_that_nobody_keeps_is_told(client, db):
    status, parts = ready(client)
    assert status == 200 and "start `python -m worker housekeeping`" in parts["housekeeping"]


def test_the_process_lives_whatever_the_others_do(client, settings):
    settings.BROKER_URL = "redis://127.0.0.1:1/0"
    assert client.get("/healthz").json() == {"status": "ok"}


def test_housekeeping_that_hears_nothing_ends_itself(monkeypatch):
    ended, signals = threading.Event(), []
    monkeypatch.setattr("worker.watchdog.os._exit", lambda code: ended.set())
    monkeypatch.setattr("worker.watchdog.os.kill", lambda pid, signum: signals.append(signum.name))
    monkeypatch.setattr("worker.watchdog.END_WITHIN", 0.01)
    with Watchdog(silent_after=0.02, look_every=0.01):
        assert ended.wait(60)
    assert signals[0] == "SIGTERM"


def test_housekeeping_that_hears_something_is_noted_and_goes_on(monkeypatch):
    monkeypatch.setattr("worker.watchdog.os._exit", lambda code: pytest.fail("It ended."))
    from celery.signals import task_postrun

    with Watchdog(silent_after=3600):
        task_postrun.send(sender=None)
    assert queue_watch.housekeeping_problem() == ""
