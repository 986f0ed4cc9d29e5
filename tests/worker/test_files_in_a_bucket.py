"""Runs whose files are kept in a real S3 bucket: nothing is missing there, and any machine can take a run up."""

import gzip

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from core.secret_variables import SECRET_VARIABLES
from flowdppo_engine import events
from runs import lifecycle, stored_files
from runs.ingest import Batch
from runs.models import Checkpoint, Run, RunState, Sample
from stack.credentials import free_port
from tests import s3_server
from tests.worker.conftest import Workers, folder_of, live_points, wait_for, wait_for_state, wait_until_held
from tests.worker.test_faults import EXPECTED
from worker.file_fetching import fetch_checkpoint
from worker.file_sending import STREAM_SUFFIX, FileSending

KEEP = 2


@pytest.fixture
def bucket(s3_files, monkeypatch) -> str:
    """Workers that are started now keep files there, as this process does."""
    monkeypatch.setenv("FILES_URL", s3_files)
    return s3_files


@pytest.fixture
def elsewhere(workers, tmp_path) -> Workers:
    """Workers of another machine: with a disk of their own."""
    (tmp_path / "elsewhere").mkdir()
    others = Workers(tmp_path / "elsewhere")
    yield others
    others.end()


def read(row: Sample | Checkpoint, inner: str = "") -> bytes:
    return default_storage.open_from(stored_files.name_of(row) + inner).read()


def is_stored(checkpoint: Checkpoint) -> bool:
    try:
        return bool(default_storage.walk(stored_files.name_of(checkpoint)))
    except FileNotFoundError:
        return False


def assert_every_row_has_its_files(run: Run) -> None:
    samples, checkpoints = run.samples.select_related("attempt"), run.checkpoints.select_related("attempt")
    for sample in samples:
        assert read(sample) == b"picture " + sample.path.encode()
    for checkpoint in checkpoints:
        assert is_stored(checkpoint) == (not checkpoint.removed), checkpoint.path
    kept = [checkpoint for checkpoint in checkpoints if not checkpoint.removed]
    assert [read(checkpoint, "/weights").decode() for checkpoint in kept] == [row.path[-11:] for row in kept]
    assert samples.count() == checkpoints.count() == 3 and len(kept) == KEEP


def test_what_a_run_made_is_in_the_bucket_and_its_machine_is_free_again(bucket, workers, submit):
    workers.start(files=KEEP)
    run = wait_for_state(submit(), RunState.FINISHED)
    wait_for(lambda: not folder_of(run).exists(), "the machine to be freed")
    assert_every_row_has_its_files(run)
    home = stored_files.home_of(run.attempts.get())
    beside = {file.name.removeprefix(f"{home}/") for file in default_storage.walk(home)}
    assert {"config.yaml", "console.log", "events.jsonl"} <= beside
    assert default_storage.num_bytes(f"{home}/events.jsonl") == run.event_offset
    first = run.checkpoints.get(removed=True)
    assert first.path + STREAM_SUFFIX not in beside


def test_another_machine_goes_on_from_what_the_bucket_holds(bucket, workers, elsewhere, submit):
    worker = workers.start(files=KEEP, hold_at=10)
    run = submit()
    engine = wait_until_held(run)
    given = engine.environ()
    assert "AWS_ENDPOINT_URL_S3" in given and not set(SECRET_VARIABLES) & given.keys()
    wait_for(lambda: Run.objects.get(id=run.id).iteration == 9, "all nine iterations to be stored")
    worker.kill()
    worker.wait()
    engine.kill()
    # Its lease would run out in a minute.
    lifecycle.abandon(run.attempts.get(), "Its machine burned down.")
    elsewhere.start(files=KEEP)
    wait_for_state(run, RunState.FINISHED)
    first, second = run.attempts.all()
    assert first.worker != second.worker
    assert (first.valid_until, second.resumed_from) == (8, 8)
    assert live_points(run) == EXPECTED
    assert_every_row_has_its_files(run)


@pytest.mark.long
def test_a_run_without_a_checkpoint_begins_anew_on_another_machine(bucket, workers, elsewhere, submit):
    worker = workers.start(files=KEEP, hold_at=3)
    run = submit()
    engine = wait_until_held(run)
    wait_for(lambda: Run.objects.get(id=run.id).iteration == 2, "both iterations to be stored")
    worker.kill()
    worker.wait()
    engine.kill()
    lifecycle.abandon(run.attempts.get(), "Its machine burned down.")
    elsewhere.start(files=KEEP)
    wait_for_state(run, RunState.FINISHED)
    assert run.attempts.first().valid_until == -1
    assert live_points(run) == EXPECTED


@pytest.mark.long
def test_a_worker_waits_for_a_bucket_that_is_away(workers, bucket, submit, monkeypatch, settings, tmp_path):
    port = free_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    workers.start(files=KEEP)
    run = submit()
    log = settings.DATA_DIR / "runs.log"
    wait_for(lambda: "file storage does not answer; trying again: EndpointConnection" in log.read_text(), "a warning")
    assert not run.samples.exists() and run.attempts.get().outcome == "running"
    late = s3_server.start(tmp_path / "s3" / "data", port)
    try:
        wait_for_state(run, RunState.FINISHED)
        assert_every_row_has_its_files(run)
        assert live_points(run) == EXPECTED
    finally:
        late.end()


@pytest.mark.parametrize("kept_in", ["folder", "bucket"])
def test_a_checkpoint_of_another_run_is_fetched(kept_in, submit, settings, tmp_path, request):
    settings.MEDIA_ROOT = tmp_path / "files"
    if kept_in == "bucket":
        request.getfixturevalue("bucket")
    run = submit()
    lifecycle.claim(run.id, "node")
    at = {"run": run, "attempt": run.attempts.get(), "iteration": 4, "step": 8}
    checkpoint = Checkpoint.objects.create(**at, path="checkpoints/step-000008", num_bytes=1)
    for name in ("weights", "inner/more"):
        default_storage.save(f"{stored_files.name_of(checkpoint)}/{name}", ContentFile(name.encode()))
    fetch_checkpoint(checkpoint, tmp_path / "copy")
    assert [(tmp_path / "copy" / name).read_text() for name in ("weights", "inner/more")] == ["weights", "inner/more"]


def test_what_lies_outside_the_run_folder_is_not_sent(bucket, submit, tmp_path):
    run = submit()
    lease = lifecycle.claim(run.id, "node")
    folder = tmp_path / "run"
    (folder / "samples").mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    (folder / "samples" / "link.png").symlink_to(tmp_path / "secret")
    (folder / "samples" / "real.png").write_bytes(b"picture")
    samples = [
        events.Sample(index=at, path=path, prompt="p", seed=1, rewards={})
        for at, path in enumerate(["../secret", "samples/link.png", str(tmp_path / "secret"), "samples/real.png"])
    ]
    attempt = run.attempts.get(id=lease.attempt_id)
    sending = FileSending(folder)
    assert sending.is_home(attempt, Batch([events.Samples(iteration=1, step=1, samples=samples)], 0, 1), wait=True)
    sending.close()
    home = stored_files.home_of(attempt)
    assert [file.name for file in default_storage.walk(home)] == [f"{home}/samples/real.png"]


def test_the_event_stream_goes_with_its_checkpoint_up_to_there(bucket, submit, tmp_path):
    run = submit()
    lease = lifecycle.claim(run.id, "node")
    attempt = run.attempts.get(id=lease.attempt_id)
    (tmp_path / "run" / "checkpoints" / "step-000008").mkdir(parents=True)
    (tmp_path / "run" / "events.jsonl").write_bytes(b"told\nnot yet told\n")
    told = events.Checkpoint(iteration=4, step=8, path="checkpoints/step-000008", num_bytes=1)
    sending = FileSending(tmp_path / "run")
    assert sending.is_home(attempt, Batch([told], 0, 5), wait=True)
    sending.close()
    packed = default_storage.open_from(f"{stored_files.home_of(attempt)}/{told.path}{STREAM_SUFFIX}").read()
    assert gzip.decompress(packed) == b"told\n"
