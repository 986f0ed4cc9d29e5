"""`make run`: one command brings everything up, Ctrl-C takes everything down, and what dies comes back."""

import os
import re
import signal
import urllib.request

import psutil
import pytest

from stack.process_group import is_alive

pytestmark = pytest.mark.timeout(2400)

EVERYTHING = {
    "manage.py", "supervisord", "postgres", "redis-server", "uvicorn", "beat", "housekeeping", "runs", "fake_engine"
}  # fmt: skip


def engine_runs(platform) -> bool:
    return "fake_engine" in platform.processes()


def test_up_and_down_and_up_again(platform):
    process = platform.start()
    address = platform.wait_until_up()
    with urllib.request.urlopen(address) as page:
        assert page.status == 200
    platform.wait_for(lambda: engine_runs(platform), "the demo run to start")
    assert platform.processes().keys() >= EVERYTHING
    assert re.search(r"e-mail    demo@example\.org\n\s+password  \S{8,}", platform.said())
    assert platform.query("SELECT name, recipe FROM runs_run") == [("First light", "sandbox-flow-dppo")]

    process.send_signal(signal.SIGINT)
    assert process.wait() == 0
    assert platform.processes() == {}
    assert "Everything is stopped." in platform.said()

    platform.start()
    platform.wait_until_up(times=2)
    platform.wait_for(lambda: engine_runs(platform), "the run to go on")
    assert platform.said().count("password") == platform.said().count("password  ") + 1
    assert platform.query("SELECT num_attempts, state FROM runs_run") == [(2, "running")]
    assert platform.query("SELECT outcome FROM runs_attempt ORDER BY number") == [("stopped",), ("running",)]


def test_a_second_one_on_the_same_data_folder_says_where_the_first_is(platform):
    platform.start()
    address = platform.wait_until_up()
    first = platform.process
    second = platform.start()
    assert second.wait() == 1
    assert f"already runs on this data folder: {address}" in platform.said()
    platform.process = first


@pytest.mark.long
def test_whatever_is_killed_comes_back(platform):
    platform.start()
    platform.wait_until_up()
    platform.wait_for(lambda: engine_runs(platform), "the demo run to start")
    for name in ("uvicorn", "housekeeping", "beat", "redis-server", "postgres", "runs"):
        before = platform.processes()[name]
        psutil.Process(before).kill()
        platform.wait_for(lambda: platform.processes().get(name, before) != before, f"{name} to come back")  # noqa: B023
    platform.wait_for(platform.database_answers, "PostgreSQL to recover")
    goes_on = "SELECT 1 FROM runs_run WHERE num_attempts = 2 AND state = 'running'"
    platform.wait_for(lambda: engine_runs(platform) and platform.query(goes_on), "the run to go on")
    assert "worker died and was started again." in platform.said()


@pytest.mark.long
@pytest.mark.parametrize("victims", [["manage.py"], ["manage.py", "supervisord"]])
def test_the_next_one_ends_what_a_killed_one_left(platform, victims):
    platform.start()
    platform.wait_until_up()
    platform.wait_for(lambda: engine_runs(platform), "the demo run to start")
    before = platform.processes()
    for name in victims:
        os.kill(before[name], signal.SIGKILL)
    platform.process.wait()
    platform.start()
    platform.wait_until_up(times=2)
    platform.wait_for(lambda: engine_runs(platform), "the run to go on")
    after = platform.processes()
    assert after.keys() >= EVERYTHING
    assert not set(before.values()) & set(after.values())
    assert not any(is_alive(pid) for name, pid in before.items() if name != "manage.py")


@pytest.mark.long
def test_servers_of_ones_own_are_used(platform, servers, transactional_db):
    from django.conf import settings
    from django.db import connection

    own = settings.DATABASE_URL.rsplit("/", 1)[0] + "/" + connection.settings_dict["NAME"]
    platform.start(DATABASE_URL=own, REDIS_URL=settings.REDIS_URL)
    platform.wait_until_up()
    assert not {"postgres", "redis-server"} & platform.processes().keys()
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM teams_team")
        assert cursor.fetchall() == [("Demo team",)]
