"""Housekeeping as a process of its own sends checkpoints to the Hub, and may die in the middle of it."""

import subprocess

import psutil
import pytest
from django.db.models.functions import Now

from exporting import services
from exporting.licences import Licence
from exporting.models import Push, PushState
from exporting.services import Wish
from runs.models import Experiment
from stack.process_group import is_alive
from teams.services import create_team, create_user
from tests.platform.exporting.hub import Hub
from tests.platform.lab import add_checkpoint, add_run
from tests.worker.conftest import wait_for
from worker.app import app

COMMIT = "POST /api/models/lab/mine/commit/main"


@pytest.fixture
def hub(tmp_path, settings, monkeypatch):
    with Hub(tmp_path / "hub") as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        # The process has a data folder of its own, and would make itself a key there.
        monkeypatch.setenv("SECRET_KEY", settings.SECRET_KEY)
        yield hub


@pytest.fixture
def push(workers, hub) -> Push:
    owner = create_user("owner@example.org", "a long one, for tests")
    experiment = Experiment.objects.create(team=create_team("Lab", owner), name="Out")
    checkpoint = add_checkpoint(add_run(experiment, "mine"), 40, {"pytorch_lora_weights.safetensors": b"weights"})
    return services.push(owner, checkpoint, Wish("lab/mine", True, Licence("mit"), "hf_good"))


def sender_of(housekeeping: subprocess.Popen) -> psutil.Process:
    (found,) = (
        one
        for one in psutil.Process(housekeeping.pid).children()
        if any("hub_child" in part for part in one.cmdline())
    )
    return found


def test_a_push_survives_the_death_of_who_sends_it(workers, hub, push, tmp_path):
    hub.order(hold=True)
    first = workers.start("housekeeping")
    app.send_task("worker.push_checkpoints")
    wait_for(lambda: COMMIT in hub.asked(), "the first try to commit")
    push.refresh_from_db()
    assert push.state == PushState.SENDING and push.num_bytes > 0
    sender = sender_of(first)
    assert "hf_good" not in " ".join([*sender.cmdline(), *sender.environ().values()])

    first.kill()
    first.wait()
    wait_for(lambda: not is_alive(sender.pid), "the upload to end with who began it")
    # What was asked of the Hub may be done there all the same.
    hub.order()
    repository = hub.repository("lab/mine")
    wait_for(lambda: repository.commits, "the commit of the first try")
    Push.objects.update(state=PushState.WAITING, due_at=Now(), lease_token=None)
    workers.start("housekeeping")
    app.send_task("worker.push_checkpoints")
    wait_for(lambda: Push.objects.get().state == PushState.SENT, "the second try")
    (commit,) = repository.commits
    assert Push.objects.get().commit == commit["oid"]
    assert set(repository.files()) == {"README.md", "config.yaml", "pytorch_lora_weights.safetensors"}
    assert not list((tmp_path / "pushes").iterdir())
    assert "hf_good" not in (tmp_path / "housekeeping.log").read_text()
