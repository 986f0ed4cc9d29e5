"""A machine joins by one command, and does not train where it does not see the site's files."""

import os
import stat
import subprocess
import sys

import pytest
from django.conf import settings as django_settings
from django.db import connection

from fleet import joining as site
from fleet.models import JoinToken, Node
from runs.models import RunState
from teams.models import User
from tests.worker.conftest import FAKE_ENGINE, wait_for_state
from worker import joining


@pytest.fixture
def operator(transactional_db) -> User:
    return User.objects.create_user("operator@example.org", "operator@example.org", is_staff=True)


@pytest.fixture
def nodes_database(settings) -> str:
    """The site tells nodes of the test's own database."""
    known = connection.settings_dict
    address = f"{known['USER']}:{known['PASSWORD']}@{known['HOST']}:{known['PORT']}/{known['NAME']}"
    settings.NODE_ENVIRONMENT = {"DATABASE_URL": f"postgresql://{address}", "REDIS_URL": settings.REDIS_URL}
    return settings.NODE_ENVIRONMENT["DATABASE_URL"]


@pytest.fixture
def join(tmp_path_factory, workers):
    """Runs the command as a machine would that knows nothing yet; its data folder is a neighbour of the site's."""
    started = []
    folder = tmp_path_factory.mktemp("node")

    def join(url: str, token: str, *options: str) -> subprocess.Popen:
        unknown = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "DJANGO_SETTINGS_MODULE")
        env = {name: value for name, value in os.environ.items() if name not in unknown}
        env |= {"FLOWDPPO_DATA": str(folder), "FLOWDPPO_ENGINE_COMMAND": FAKE_ENGINE}
        command = [sys.executable, "-m", "worker", "join", url, "--token", token, *options]
        process = subprocess.Popen(
            command, env=env, cwd=django_settings.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        started.append(process)
        return process

    join.folder = folder
    yield join
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_machine_joins_and_trains(join, submit, operator, nodes_database, live_server, settings):
    settings.MEDIA_ROOT.mkdir(exist_ok=True)
    (join.folder / "files").symlink_to(settings.MEDIA_ROOT)
    text = site.make_token(operator).text
    worker = join(live_server.url, text)
    run = wait_for_state(submit(), RunState.FINISHED)
    assert run.attempts.get().node == Node.objects.get()
    kept = join.folder / joining.ENVIRONMENT_FILE
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert nodes_database in kept.read_text() and text not in kept.read_text()
    worker.terminate()
    assert worker.wait() == 0
    assert "This machine may join" in worker.stdout.read()


def test_without_the_sites_files_it_does_not_train(join, operator, nodes_database, live_server):
    worker = join(live_server.url, site.make_token(operator).text)
    said = worker.communicate()[0]
    assert worker.returncode == 1 and "does not see the site's files" in said
    assert not Node.objects.exists()


def test_a_token_that_is_no_good(join, operator, live_server):
    worker = join(live_server.url, "fdpn_guessed")
    assert "ask an operator for a new one" in worker.communicate()[0]
    assert worker.returncode == 1 and not (join.folder / joining.ENVIRONMENT_FILE).exists()


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://flowdppo.example.org/", "give the https address"),
        ("http://10.1.2.3:8000/", "give the https address"),
        ("flowdppo.example.org", "no address of a site"),
        ("ftp://flowdppo.example.org/", "no address of a site"),
        ("http://127.0.0.1:1/", "does not answer"),
    ],
)
def test_where_it_would_not_ask(url, problem):
    with pytest.raises(SystemExit, match=problem):
        joining.join([url, "--token", "fdpn_x"])


def test_another_version_is_refused(monkeypatch):
    with pytest.raises(SystemExit, match="bring them to the same one"):
        joining._check_version("0.0.1")


def test_what_is_written_is_read_as_it_was(tmp_path, monkeypatch):
    values = {"DATABASE_URL": "postgresql://u:p$'\"#% &\\@h/d", "REDIS_URL": "redis://:a=b@h/0", "EMPTY": ""}
    for name in values:
        monkeypatch.delenv(name, raising=False)
    joining.write_environment(tmp_path, {"OLD": "1"})
    joining.write_environment(tmp_path, values)
    monkeypatch.setenv("REDIS_URL", "redis://set-by-hand")
    joining.read_environment(tmp_path)
    found = {name: os.environ[name] for name in values}
    assert found == values | {"REDIS_URL": "redis://set-by-hand"} and "OLD" not in os.environ
    for name in ("DATABASE_URL", "EMPTY"):
        monkeypatch.delenv(name)


def test_nothing_was_written_down(tmp_path):
    before = dict(os.environ)
    joining.read_environment(tmp_path)
    assert dict(os.environ) == before


def test_each_token_lays_a_mark_of_its_own(operator, nodes_database, workers):
    first, second = (site.admit(site.make_token(operator).text, "gpu") for _ in range(2))
    assert first.mark != second.mark and first.mark_text != second.mark_text
    assert JoinToken.objects.filter(used_by="gpu").count() == 2
