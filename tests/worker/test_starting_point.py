"""The checkpoint that a run starts from is on the machine that trains it, or the run does not begin."""

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from runs import starting_points, stored_files
from runs.models import Attempt, Checkpoint, Run
from tests.worker.conftest import folder_of
from worker import starting_point

FILES = {"weights": b"1", "ema/weights": b"22"}


@pytest.fixture(params=["folder", "bucket"])
def files(request, settings, tmp_path):
    if request.param == "bucket":
        request.getfixturevalue("s3_files")
    settings.MEDIA_ROOT = tmp_path / "files"
    return default_storage


@pytest.fixture
def runs(submit, files) -> tuple[Run, Run]:
    """A run with a checkpoint, and one that starts from it."""
    first, second = submit(), submit()
    attempt = Attempt.objects.create(run=first, number=1, worker="w")
    at = {"run": first, "attempt": attempt, "iteration": 4, "step": 8}
    checkpoint = Checkpoint.objects.create(**at, path="checkpoints/step-000008", num_bytes=3)
    for name, content in FILES.items():
        files.save(f"{stored_files.name_of(checkpoint)}/{name}", ContentFile(content))
    Run.objects.filter(id=second.id).update(continued_from=checkpoint)
    return first, second


def test_it_is_brought_once_and_stays(runs, files):
    first, second = runs
    starting_points.keep(Checkpoint.objects.get(), second)
    for _ in range(2):
        folder_of(second).mkdir(parents=True, exist_ok=True)
        starting_point.bring(second.id, folder_of(second))
        start = folder_of(second) / "start"
        assert {name: (start / name).read_bytes() for name in FILES} == FILES
    starting_point.bring(first.id, folder_of(first))
    assert not (folder_of(first) / "start").exists()


def test_without_it_the_run_does_not_begin_at_the_base_model(runs):
    _, second = runs
    with pytest.raises(FileNotFoundError):
        starting_point.bring(second.id, settings.MEDIA_ROOT / second.folder)
