"""The playground under a real worker: pictures come home, whatever dies in the middle, and no run waits for them."""

import json
import os
import signal
import sys
import threading
from pathlib import Path

import psutil
import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image

from fleet.models import Hold, Node
from flowdppo_engine.config import RunConfig
from pictures.policies import PolicyRef
from playground import lifecycle, services
from playground.asked import Asked
from playground.models import Sheet, SheetState
from runs import stored_files
from runs.models import Attempt, Experiment, Run, RunState
from stack.process_group import is_alive
from teams.models import Role, Team
from teams.services import create_user, set_role
from tests.platform.fleet.machines import add_node
from tests.platform.lab import add_checkpoint
from tests.platform.playground.studio import ask
from tests.worker.conftest import let_go, wait_for, wait_for_state, wait_until_held
from tests.worker.test_several_gpus import four_gpus  # noqa: F401
from worker import drawing, lease_keeper

FAKE = f"{sys.executable},-m,tests.worker.fake_drawing_engine"
REAL = f"{sys.executable},-m,flowdppo_engine"


@pytest.fixture
def member(submit):
    user = create_user("member@example.org", "a long one, for tests")
    set_role(Team.objects.get(), user, Role.MEMBER)
    return user


@pytest.fixture
def painter(submit) -> Run:
    """A run that has ended, whose base model draws."""
    config = RunConfig().model_dump(mode="json")
    return Run.objects.create(
        experiment=Experiment.objects.get(), name="run", recipe="fake", config=config, state=RunState.FINISHED
    )


def folder() -> Path:
    return Path(django_settings.MEDIA_ROOT) / "playground"


def asked() -> list[dict]:
    """What drawing processes were asked for, in order."""
    path = folder() / "asked.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def wait_until_drawing() -> int:
    """The pid of the drawing process, once it holds before the second picture and the first one is stored."""

    def held() -> str:
        path = folder() / "held"
        return path.read_text() if path.exists() and Sheet.objects.filter(drawn__place=0).exists() else ""

    pid = int(wait_for(held, "the drawing process to hold"))
    (folder() / "held").unlink()
    return pid


def go_on() -> None:
    (folder() / "go").touch()


def wait_for_end(sheet: Sheet, state: SheetState = SheetState.DONE) -> Sheet:
    def ended() -> bool:
        sheet.refresh_from_db()
        return not sheet.is_live

    wait_for(ended, f"the end of {sheet}")
    assert sheet.state == state, sheet.error
    return sheet


def places(sheet: Sheet) -> list[int]:
    return sorted(sheet.drawn.values_list("place", flat=True))


def test_pictures_come_home_from_one_process_that_stays(workers, member, painter):
    workers.start(engine=FAKE)
    sheet = wait_for_end(ask(member, painter, seeds=(1, 2, 3, 4, 5)))
    assert places(sheet) == [0, 1, 2, 3, 4] and sheet.num_turns == 2
    drawing = sheet.drawn.get(place=4).drawing
    assert (drawing.seed, drawing.run, drawing.iteration, drawing.created_by) == (5, painter, 0, member)
    assert Image.open(Path(django_settings.MEDIA_ROOT) / drawing.path).getpixel((0, 0)) == (5, 0, 0)
    wait_for_end(ask(member, painter, prompt="another"))
    assert len({one["pid"] for one in asked()}) == 1 and [one["places"] for one in asked()[:2]] == [[0, 1, 2, 3], [4]]


def test_sigkill_of_the_drawing_process(workers, member, painter):
    workers.start(engine=FAKE, hold_drawing=True)
    sheet = ask(member, painter)
    os.kill(wait_until_drawing(), signal.SIGKILL)
    go_on()
    wait_for_end(sheet)
    assert places(sheet) == [0, 1] and sheet.num_lost == 1
    # The picture that was there is not drawn again.
    assert [one["places"] for one in asked()] == [[0, 1], [1]]


def test_one_that_dies_again_is_told_in_words(workers, member, painter):
    workers.start(engine=FAKE, die_drawing=True)
    sheet = wait_for_end(ask(member, painter), SheetState.FAILED)
    assert "died 2 times" in sheet.error and "exit code 7" in sheet.error and "it died here" in sheet.error
    assert sheet.hint and places(sheet) == [0] and len(asked()) == 2


def test_what_is_refused_is_told_and_not_tried_again(workers, member, painter):
    workers.start(engine=FAKE, refuse=True)
    sheet = wait_for_end(ask(member, painter), SheetState.FAILED)
    assert (sheet.error, sheet.hint, len(asked())) == ("It broke.", "Mend it.", 1)


def test_sigkill_of_the_worker(workers, member, painter):
    worker = workers.start(engine=FAKE, hold_drawing=True)
    sheet = ask(member, painter)
    pid = wait_until_drawing()
    worker.kill()
    worker.wait()
    workers.start(engine=FAKE)
    wait_for_end(sheet)
    assert places(sheet) == [0, 1] and sheet.num_lost == 1
    assert not is_alive(pid) or not psutil.pid_exists(pid)


def test_a_worker_that_is_shut_down_hands_its_sheet_back(workers, member, painter):
    worker = workers.start(engine=FAKE, hold_drawing=True)
    sheet = ask(member, painter)
    pid = wait_until_drawing()
    worker.send_signal(signal.SIGTERM)
    worker.wait()
    sheet.refresh_from_db()
    assert (sheet.state, sheet.num_lost) == (SheetState.WAITING, 0)
    assert not psutil.pid_exists(pid) or not is_alive(pid)


def test_one_that_is_stopped_keeps_what_is_there(workers, member, painter):
    workers.start(engine=FAKE, hold_drawing=True)
    sheet = ask(member, painter)
    pid = wait_until_drawing()
    lifecycle.request_cancel(sheet)
    wait_for_end(sheet, SheetState.CANCELLED)
    assert places(sheet) == [0] and is_alive(pid)


def test_a_checkpoint_that_is_gone_is_told(workers, member, painter):
    sheet = ask(member, painter)
    Sheet.objects.update(checkpoints=[12345])
    workers.start(engine=FAKE)
    wait_for_end(sheet, SheetState.FAILED)
    assert "deleted meanwhile" in sheet.error and "Choose another" in sheet.hint


@pytest.mark.long
def test_a_node_that_drains_takes_none(workers, member, painter):
    workers.start(engine=FAKE)
    wait_for(Node.objects.exists, "the node")
    wait_for_end(ask(member, painter))
    pid = asked()[0]["pid"]
    Node.objects.update(draining_at="2026-01-01T00:00Z")
    wait_for(lambda: not is_alive(pid), "the drawing process to end")
    sheet = ask(member, painter, prompt="another")
    Node.objects.update(draining_at=None)
    wait_for_end(sheet)
    assert asked()[1]["pid"] != pid


def test_a_run_that_needs_the_gpu_gets_it_at_once(workers, submit, member, painter, four_gpus, monkeypatch):  # noqa: F811
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2")
    Run.objects.update(config=painter.config | {"model": painter.config["model"] | {"source": "large"}})
    painter.refresh_from_db()
    workers.start(engine=FAKE, hold_drawing=True, hold_at=2)
    sheet = ask(member, painter)
    pid = wait_until_drawing()
    assert asked()[0]["gpus"] == "2" and Hold.objects.get().yields
    run = submit()
    wait_until_held(run)
    assert not is_alive(pid) and not Hold.objects.exists()
    sheet.refresh_from_db()
    assert (sheet.state, sheet.num_lost) == (SheetState.WAITING, 0)
    go_on()
    let_go(run)
    wait_for_state(run, RunState.FINISHED)
    wait_for_end(sheet)
    assert places(sheet) == [0, 1]


def test_a_process_is_ready_before_anybody_asks(workers, member, painter, settings):
    workers.start(engine=FAKE)
    record = Path(settings.DATA_DIR) / "drawing" / "process.json"

    def ready() -> bool:
        services.be_ready()
        cache.delete("playground:be-ready")
        return record.exists()

    cache.delete("playground:ready")
    wait_for(ready, "a drawing process")
    pid = json.loads(record.read_text())["pid"]
    wait_for_end(ask(member, painter))
    assert asked()[0]["pid"] == pid


@pytest.fixture
def here(submit, settings, tmp_path) -> Node:
    """A node whose drawing is done by this process."""
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "files"
    settings.ENGINE_COMMAND = FAKE.split(",")
    return add_node("here")


def test_the_end_of_a_turn_is_no_loss_of_its_lease(member, painter, here, monkeypatch):
    monkeypatch.setattr(lease_keeper, "LOOK_EVERY", 0.0005)
    with drawing.Drawing(lambda: here, lambda: (), threading.Event()):
        for number in range(12):
            wait_for_end(ask(member, painter, prompt=f"prompt {number}"))
    assert len({one["pid"] for one in asked()}) == 1


def test_a_process_that_nobody_wants_ends(member, painter, here, monkeypatch):
    monkeypatch.setattr(drawing, "IDLE_SECONDS", 0.0)
    with drawing.Drawing(lambda: here, lambda: (), threading.Event()) as desk:
        wait_for_end(ask(member, painter))
        wait_for(lambda: not is_alive(asked()[0]["pid"]), "the drawing process to end")
        assert not desk.is_in_the_way(here)
        wait_for_end(ask(member, painter, prompt="another"))


@pytest.fixture
def stands_by(settings, monkeypatch):
    settings.PLAYGROUND_STANDS_BY = True
    monkeypatch.setattr(drawing, "STAND_BY_AFTER", 0.0)


def standing_by() -> int:
    """The pid of the process that was started last, once there is one."""
    record = Path(django_settings.DATA_DIR) / "drawing" / "process.json"
    return json.loads(wait_for(lambda: record.exists() and record.read_text(), "a drawing process"))["pid"]


def test_a_process_stands_by_for_the_first_sheet(member, painter, here, stands_by):
    with drawing.Drawing(lambda: here, lambda: (), threading.Event()):
        pid = standing_by()
        wait_for_end(ask(member, painter))
        wait_for_end(ask(member, painter, prompt="another"))
    assert {one["pid"] for one in asked()} == {pid} and not is_alive(pid)


def test_a_new_one_stands_by_after_it(member, painter, here, stands_by, monkeypatch):
    monkeypatch.setattr(drawing, "IDLE_SECONDS", 0.0)
    monkeypatch.setattr(drawing, "STAND_BY_EVERY", 0.0)
    with drawing.Drawing(lambda: here, lambda: (), threading.Event()):
        wait_for_end(ask(member, painter))
        (one,) = asked()
        wait_for(lambda: standing_by() != one["pid"], "the next process")
        assert not is_alive(one["pid"]) and is_alive(standing_by())


def test_one_that_dies_as_it_starts_is_left_alone(here, stands_by, settings, tmp_path):
    settings.ENGINE_COMMAND = [sys.executable, "-c", "open('starts', 'a').write('.')"]
    settings.ROOT = tmp_path
    with drawing.Drawing(lambda: here, lambda: (), threading.Event()) as desk:
        wait_for(lambda: (tmp_path / "starts").exists() and not is_alive(standing_by()), "its end")
        lifecycle.tell_nodes()
        wait_for(lambda: desk._draw_next() is False, "another look")
    assert (tmp_path / "starts").read_text() == "."


def test_none_stands_by_beside_gpus(here, stands_by):
    Node.objects.update(gpus=[{"index": 0, "name": "GPU", "memory": 1}])
    here.refresh_from_db()
    desk = drawing.Drawing(lambda: here, lambda: (), threading.Event())
    assert desk._draw_next() is False and here.has_gpus
    assert not (Path(django_settings.DATA_DIR) / "drawing").exists()


def test_files_in_a_bucket(member, painter, here, s3_files):
    Attempt.objects.create(run=painter, number=1, worker="elsewhere")
    checkpoint = add_checkpoint(painter, 40)
    for name in ("pytorch_lora_weights.safetensors", "ema/pytorch_lora_weights.safetensors", "optimizer.safetensors"):
        default_storage.save(f"{stored_files.name_of(checkpoint)}/{name}", ContentFile(b"weights"))
    with drawing.Drawing(lambda: here, lambda: (), threading.Event()):
        asked_for = Asked((PolicyRef(painter.id, 40),), "a", (7,))
        sheet = wait_for_end(services.draw(member, asked_for))
    drawn = sheet.drawn.get().drawing
    assert drawn.checkpoint == checkpoint and default_storage.exists(drawn.path)
    assert not (Path(django_settings.MEDIA_ROOT) / drawn.path).exists()
    fetched = folder() / "adapters" / str(checkpoint.id)
    files = sorted(str(path.relative_to(fetched)) for path in fetched.rglob("*.safetensors"))
    assert files == ["ema/pytorch_lora_weights.safetensors", "pytorch_lora_weights.safetensors"]


def test_the_real_engine_draws(workers, member, painter):
    workers.start(engine=REAL)
    sheet = wait_for_end(ask(member, painter, seeds=(3,), num_steps=2))
    drawing = sheet.drawn.get().drawing
    assert Image.open(Path(django_settings.MEDIA_ROOT) / drawing.path).size == (64, 64)
