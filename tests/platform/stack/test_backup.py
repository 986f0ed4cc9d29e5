"""A backup, for real: everything comes back in another place, and what waited goes on there."""

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from psycopg import sql

from runs import lifecycle, stored_files
from runs.models import Run, RunState, Sample
from stack import backup, backup_folder
from tests.platform.lab import CONFIG, PASSWORD, Lab, add_checkpoint, add_point, add_run, add_sample, make_lab
from tests.worker.conftest import FAKE_ENGINE, wait_for

ROOT = Path(django_settings.ROOT)
WEIGHTS = os.urandom(3_000_000)

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True)
class Place:
    """An installation of its own: an empty database, an empty data folder."""

    data_dir: Path
    database_url: str
    environment: dict[str, str]

    def manage(self, *command: str, answer: str = "") -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=self.environment,
            input=answer,
            capture_output=True,
            text=True,
        )

    def query(self, query: str) -> list[tuple]:
        with psycopg.connect(self.database_url) as there:
            return there.execute(query).fetchall()


@pytest.fixture
def place(db):
    name = f"restored_{uuid.uuid4().hex[:8]}"
    base = django_settings.DATABASE_URL
    with psycopg.connect(base, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        url = f"{base.rsplit('/', 1)[0]}/{name}"
        # Not tmp_path: PostgreSQL's own account may not pass through pytest's folders.
        folder = tempfile.TemporaryDirectory(prefix="flowdppo-restored-")
        data_dir = Path(folder.name) / "data"
        env = {key: value for key, value in os.environ.items() if key != "SECRET_KEY"}
        env |= {"DATABASE_URL": url, "FLOWDPPO_DATA": str(data_dir), "FLOWDPPO_ENGINE_COMMAND": FAKE_ENGINE}
        yield Place(data_dir, url, env | {"FAKE_ENGINE": json.dumps({"files": 2})})
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        folder.cleanup()


@pytest.fixture
def lab(settings, tmp_path) -> Lab:
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.PROMPTS_DIR = tmp_path / "prompts"
    settings.PROMPTS_DIR.mkdir()
    (settings.PROMPTS_DIR / "own.txt").write_text("a circle\n")
    end_other_sessions()
    return make_lab()


def end_other_sessions() -> None:
    """Threads of live servers keep theirs after the tests of pages that needed them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def fill(lab: Lab) -> tuple[Run, Run, Run]:
    """A finished run with a picture and a checkpoint, one that waits, and one that runs."""
    done = add_run(lab.experiment, "done", RunState.FINISHED)
    sample = add_sample(done, 4)
    default_storage.save(stored_files.name_of(sample), ContentFile(b"picture"))
    checkpoint = add_checkpoint(done, 4)
    default_storage.save(f"{stored_files.name_of(checkpoint)}/weights.safetensors", ContentFile(WEIGHTS))
    add_point(done, "reward/mean", 4, 0.5)
    default_storage.save("thumbnails/1.webp", ContentFile(b"made anew"))
    config = CONFIG | {"iterations": 12}
    waiting, running = (
        Run.objects.create(experiment=lab.experiment, name=name, recipe="fake", config=config, total_iterations=12)
        for name in ("waiting", "running")
    )
    lifecycle.claim(running.id, "node-that-burned-down")
    return done, waiting, running


def make(target: Path) -> Path:
    call_command("backup", str(target))
    return target


def test_queue_runs_files_and_people_come_back_and_go_on(lab, place, tmp_path):
    done, waiting, running = fill(lab)
    source = make(tmp_path / "backup")
    assert stat.S_IMODE(source.stat().st_mode) == 0o700 and not (source / "files" / "thumbnails").exists()
    restored = place.manage("restore", str(source))
    assert restored.returncode == 0, restored.stderr
    assert "Loading the database." in restored.stdout and "This installation is now as it was at" in restored.stdout

    states = dict(place.query("SELECT name, state FROM runs_run WHERE name <> 'run'"))
    assert states == {"done": "finished", "waiting": "queued", "running": "queued"}
    ((email, hashed),) = place.query("SELECT email, password FROM teams_user WHERE email LIKE 'owner%'")
    assert email == lab.owner.email and hashed == lab.owner.password and lab.owner.check_password(PASSWORD)
    assert place.query("SELECT key, value FROM runs_metricpoint") == [("reward/mean", 0.5)]
    files = place.data_dir / "files" / "runs" / str(done.id)
    assert (files / "samples/step-000008/000.png").read_bytes() == b"picture"
    assert (files / "checkpoints/step-000008/weights.safetensors").read_bytes() == WEIGHTS
    assert (place.data_dir / "secret_key").read_text() == django_settings.SECRET_KEY
    assert (place.data_dir / "prompts" / "own.txt").read_text() == "a circle\n"
    said = place.query("SELECT message FROM runs_logline WHERE message LIKE '%restored from a backup%'")
    assert len(said) == 1

    with (tmp_path / "worker.log").open("w") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "worker", "runs"], cwd=ROOT, env=place.environment, stdout=log, stderr=log
        )
    try:
        ended = "SELECT count(*) FROM runs_run WHERE name IN ('waiting', 'running') AND state = 'finished'"
        wait_for(lambda: place.query(ended) == [(2,)], "both runs to finish in the restored installation")
    finally:
        worker.terminate()
        worker.wait()
    assert dict(place.query("SELECT name, num_attempts FROM runs_run WHERE name <> 'run'"))["running"] == 2


@pytest.mark.long
def test_files_in_a_bucket_come_back_into_another_bucket(lab, place, tmp_path, s3, s3_files):
    done, *_ = fill(lab)
    source = make(tmp_path / "backup")
    place.environment.update(s3.environment, FILES_URL=f"{s3_files}-restored")
    restored = place.manage("restore", str(source))
    assert restored.returncode == 0, restored.stderr
    name = stored_files.name_of(Sample.objects.get(run=done))
    found = default_storage.bucket.Object(f"{default_storage.location}-restored/{name}").get()["Body"].read()
    assert found == b"picture"


@pytest.mark.long
def test_an_installation_that_is_not_empty_is_replaced_only_on_purpose(lab, place, tmp_path):
    fill(lab)
    source = make(tmp_path / "backup")
    with psycopg.connect(place.database_url) as there:
        there.execute("CREATE TABLE made_since ()")
    (place.data_dir / "files").mkdir(parents=True)
    (place.data_dir / "files" / "made-since").write_text("x")
    kept = place.manage("restore", "--replace", str(source), answer="no\n")
    assert kept.returncode == 1 and "Nothing was changed." in kept.stderr
    assert place.query("SELECT count(*) FROM made_since") == [(0,)]
    replaced = place.manage("restore", "--replace", str(source), answer="replace\n")
    assert replaced.returncode == 0, replaced.stderr
    assert place.query("SELECT count(*) FROM runs_run WHERE name = 'done'") == [(1,)]
    assert place.query("SELECT 1 FROM pg_tables WHERE tablename = 'made_since'") == []
    assert not (place.data_dir / "files" / "made-since").exists()


@pytest.mark.long
def test_the_servers_of_make_run_are_started_for_as_long_as_they_are_needed(lab, place, tmp_path):
    fill(lab)
    source = make(tmp_path / "backup")
    for name in ("DATABASE_URL", "REDIS_URL"):
        place.environment.pop(name, None)
    restored = place.manage("restore", str(source))
    assert restored.returncode == 0, restored.stderr
    again = place.manage("backup", str(tmp_path / "again"))
    assert again.returncode == 0, again.stderr
    counts = [
        json.loads((folder / "manifest.json").read_text())["num_files"] for folder in (source, tmp_path / "again")
    ]
    assert counts == [2, 2]
    assert not (place.data_dir / "postgres" / "postmaster.pid").exists()


def refusal(source: Path, *options: str) -> str:
    """What `restore` says where it changes nothing."""
    with pytest.raises(CommandError) as refused:
        call_command("restore", str(source), *options)
    return str(refused.value)


def test_an_installation_that_is_not_empty_is_left_alone(lab, tmp_path):
    done, *_ = fill(lab)
    source = make(tmp_path / "backup")
    assert "not empty: restore into an empty one, or add --replace" in refusal(source)
    assert Run.objects.filter(id=done.id).exists()


def test_a_person_who_does_not_say_the_word_keeps_everything(lab, tmp_path, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda question: "yes")
    assert refusal(make(tmp_path / "backup"), "--replace") == "Nothing was changed."
    assert Run.objects.exists()


def test_nothing_is_restored_while_somebody_works_there(lab, tmp_path):
    source = make(tmp_path / "backup")
    url = django_settings.DATABASE_URL.rsplit("/", 1)[0]
    with psycopg.connect(f"{url}/{connection.settings_dict['NAME']}"):
        assert "stop the web and worker processes first" in refusal(source, "--replace", "--no-input")
    assert Run.objects.exists()


def test_files_of_a_bucket_do_not_fit_a_folder(lab, tmp_path, s3_files, settings):
    source = make(tmp_path / "backup")
    settings.STORAGES = {**settings.STORAGES, "default": settings.STORAGES["local"]}
    said = refusal(source, "--replace", "--no-input")
    assert "are from a bucket, and here they are kept in a folder: set FILES_URL" in said


def test_a_key_that_could_not_read_second_factors_is_refused(lab, tmp_path, monkeypatch):
    source = make(tmp_path / "backup")
    monkeypatch.setenv("SECRET_KEY", "another")
    assert "SECRET_KEY is another than the backup's" in refusal(source, "--replace", "--no-input")


def test_a_backup_of_a_newer_release_is_refused(lab, tmp_path):
    source = make(tmp_path / "backup")
    manifest = json.loads((source / "manifest.json").read_text())
    manifest["migrations"].append("runs.9999_from_the_future")
    (source / "manifest.json").write_text(json.dumps(manifest))
    assert "runs.9999_from_the_future is not known here" in refusal(source, "--replace", "--no-input")


def test_no_backup_is_overwritten_and_none_is_left_half_made(lab, tmp_path, monkeypatch):
    source = make(tmp_path / "backup")
    with pytest.raises(CommandError, match="is there already: give a new name"):
        make(source)

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(backup, "_copy_files", full)
    with pytest.raises(CommandError, match="No space left"):
        make(tmp_path / "second")
    assert not list(tmp_path.glob("second*"))


@pytest.mark.parametrize("content", [None, "", "{}", '{"layout": 99}'])
def test_what_is_no_backup_is_refused(content, lab, tmp_path):
    folder = tmp_path / "not-one"
    folder.mkdir()
    if content is not None:
        (folder / backup_folder.MANIFEST).write_text(content)
    with pytest.raises(CommandError, match="is no whole backup"):
        call_command("restore", str(folder))


def test_a_file_that_goes_while_it_is_copied_is_no_trouble(lab, tmp_path, monkeypatch):
    done, *_ = fill(lab)
    listed = list(backup.files_to_keep())
    shutil.rmtree(default_storage.path(f"{done.folder}/checkpoints"))
    monkeypatch.setattr(backup, "files_to_keep", lambda: iter(listed))
    source = make(tmp_path / "backup")
    manifest = json.loads((source / "manifest.json").read_text())
    assert (manifest["num_files"], manifest["kept_in"]) == (1, "folder")


def test_the_password_of_the_database_is_in_no_command_line(lab, tmp_path, monkeypatch):
    commands = []
    run = subprocess.run
    monkeypatch.setattr(
        "stack.postgres_tools.subprocess.run", lambda command, **k: commands.append(command) or run(command, **k)
    )
    make(tmp_path / "backup")
    assert commands and connection.settings_dict["PASSWORD"] not in str(commands)
