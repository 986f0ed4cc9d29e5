"""Evaluations of checkpoints under the worker: taken up where they ended, and the real engine's numbers with it."""

import json
import shutil
import sys
import threading
from pathlib import Path

import psutil
import pytest
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from evaluating import services
from evaluating.wishes import Wish
from flowdppo_engine.config import RunConfig
from flowdppo_engine.recipes import merge, recipe_fields
from jobs import lifecycle
from jobs.models import Job, JobState
from pictures.models import Drawing
from runs import media, stored_files
from runs.models import Checkpoint, Run, RunState
from teams.models import Role, Team
from teams.services import create_user, set_role
from tests.platform.evaluating.laboratory import make_run, wish
from tests.platform.lab import add_checkpoint, make_lab
from tests.worker.conftest import wait_for, wait_for_state
from worker import job_supervisor
from worker.devices import Devices

ENGINE = f"{sys.executable},-m,flowdppo_engine"
SETS = ("sandbox:in_domain", "sandbox:out_of_domain")


@pytest.fixture
def lab(transactional_db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.ENGINE_COMMAND = [sys.executable, "-m", "tests.worker.fake_job_engine"]
    return make_lab()


@pytest.fixture
def see_through(monkeypatch):
    """Claims a job and brings it through an attempt, with options for the fake engine."""

    def see_through(job: Job, **options) -> Job:
        monkeypatch.setenv("FAKE_ENGINE", json.dumps(options))
        job_supervisor.see_through(lifecycle.claim(job.id, "node-1"), Devices(), threading.Event())
        job.refresh_from_db()
        return job

    return see_through


def places(job: Job) -> list[tuple[int, int, int]]:
    """Iteration, index and attempt of each picture."""
    rows = Drawing.objects.filter(job=job).order_by("iteration", "index")
    return [(row.iteration, row.index, int(row.path.split("attempt-")[1].split("/")[0])) for row in rows]


def test_the_next_attempt_does_what_is_left(lab, see_through):
    run, checkpoints = make_run(lab, 20)
    job = services.evaluate(lab.member, run, wish(*checkpoints))
    assert see_through(job, die_after=3).state == JobState.QUEUED
    assert places(job) == [(0, 0, 1), (0, 1, 1), (20, 0, 1)]
    # A run may delete a checkpoint whenever it likes.
    shutil.rmtree(default_storage.path(stored_files.name_of(checkpoints[0])))
    assert see_through(job).state == JobState.FINISHED, job.error
    assert places(job) == [(0, 0, 1), (0, 1, 1), (20, 0, 1), (20, 1, 2)]
    assert all(media.read_stored(one.path).content for one in Drawing.objects.all())
    assert not [path for path in (Path(django_settings.MEDIA_ROOT) / job.folder).rglob("*") if path.name == "weights"]


def test_the_runs_own_files_stay(lab, see_through):
    run, checkpoints = make_run(lab, 20)
    assert see_through(services.evaluate(lab.member, run, wish(*checkpoints))).state == JobState.FINISHED
    assert default_storage.open_from(f"{stored_files.name_of(checkpoints[0])}/weights").read() == b"1"


def test_a_checkpoint_that_its_run_removed_meanwhile_is_named(lab, see_through):
    run, _ = make_run(lab)
    job = services.evaluate(lab.member, run, wish(add_checkpoint(run, 40)))
    see_through(job)
    assert (job.state, job.num_attempts) == (JobState.FAILED, 1)
    assert job.error == "The files of the checkpoint at iteration 40 were removed by its run."
    assert "evaluate those that its page offers" in job.hint


def test_files_in_a_bucket_come_and_go_there(lab, see_through, s3_files):
    run, _ = make_run(lab)
    checkpoint = add_checkpoint(run, 20)
    default_storage.save(f"{stored_files.name_of(checkpoint)}/weights", ContentFile(b"1"))
    job = services.evaluate(lab.member, run, wish(checkpoint))
    assert see_through(job, die_after=3).state == JobState.QUEUED
    default_storage.delete(f"{stored_files.name_of(checkpoint)}/weights")
    assert see_through(job).state == JobState.FINISHED, job.error
    assert places(job) == [(0, 0, 1), (0, 1, 1), (20, 0, 1), (20, 1, 2)]
    with pytest.raises(FileNotFoundError):
        default_storage.walk(f"{job.folder}/checkpoints")
    for one in Drawing.objects.all():
        assert default_storage.open_from(one.path).read().startswith(b"\x89PNG")
    assert not (Path(django_settings.MEDIA_ROOT) / job.attempt_folder).exists()


def drawings(job: Job) -> list[tuple]:
    rows = Drawing.objects.filter(job=job).order_by("iteration", "prompt_set", "index")
    return list(rows.values_list("iteration", "prompt_set", "index", "prompt", "seed", "rewards", "kl"))


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_one_that_was_killed_ends_with_the_numbers_of_an_undisturbed_one(workers, submit):
    """The real engine on the sandbox: a checkpoint of a run that trained just now, and the base model."""
    workers.start(engine=ENGINE)
    small = {"iterations": 1, "evaluation": {"batch_size": 4}, "checkpoint": {"every": 1}}
    config = RunConfig.model_validate(merge(recipe_fields("sandbox-smoke"), small)).model_dump(mode="json")
    run = wait_for_state(submit(config=config, total_iterations=1, recipe="sandbox-smoke"), RunState.FINISHED)
    member = create_user("member@example.org", "a long one, for tests")
    set_role(Team.objects.get(), member, Role.MEMBER)
    wanted = Wish(tuple(Checkpoint.objects.filter(run=run)), SETS, 8, (0, 1), 4, 1.0)

    def evaluate() -> Job:
        return services.evaluate(member, Run.objects.select_related("experiment__team").get(id=run.id), wanted)

    def ended(job: Job) -> Job:
        wait_for(lambda: not Job.objects.get(id=job.id).is_live, f"the end of {job}")
        job.refresh_from_db()
        assert job.state == JobState.FINISHED, job.error
        return job

    undisturbed = ended(evaluate())
    assert len(drawings(undisturbed)) == 2 * len(SETS) * 8 * 2
    kls = [kl for iteration, *_, kl in drawings(undisturbed) if iteration]
    assert min(kls) > 0 and all((Path(django_settings.MEDIA_ROOT) / one.path).is_file() for one in run.drawings.all())
    told = undisturbed.result["evaluation"]
    assert [(one["iteration"], one["prompt_set"]) for one in told] == [(at, name) for at in (0, 1) for name in SETS]

    killed = evaluate()
    wait_for(lambda: Drawing.objects.filter(job=killed).count() >= 8, "some of its pictures")
    psutil.Process(Job.objects.get(id=killed.id).engine_pid).kill()
    ended(killed)
    assert killed.num_attempts == 2 and drawings(killed) == drawings(undisturbed)
    assert killed.result["evaluation"] == told
    attempts = {path.split("/")[2] for path in killed.drawings.values_list("path", flat=True)}
    assert attempts == {"attempt-1", "attempt-2"}
