"""One attempt of a job, supervised in this process: what its end means."""

import json
import sys
import threading

import pytest
from django.db import connection

from jobs import lifecycle, services
from jobs.models import Job, JobState
from runs.models import RunState
from stack.process_group import ProcessGroup
from tests.platform.jobs.laboratory import queue
from tests.platform.lab import add_run, make_lab
from tests.worker.conftest import wait_for
from worker import job_supervisor
from worker.devices import Devices


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


def test_what_the_engine_says_last_is_final(lab, see_through):
    job = see_through(queue(lab), fail=True)
    assert (job.state, job.error, job.hint, job.num_attempts) == (JobState.FAILED, "It broke.", "Mend it.", 1)


def test_one_that_dies_each_time_fails_in_words(lab, see_through):
    job = queue(lab)
    for _ in range(3):
        assert job.state == JobState.QUEUED
        see_through(job, die=True)
    assert (job.state, job.num_attempts) == (JobState.FAILED, 3)
    assert "died 3 times" in job.error and "exit code 7" in job.error and "it died here" in job.error


def test_a_run_whose_first_step_fails_fails_with_its_words(lab, see_through):
    run = add_run(lab.experiment, state=RunState.QUEUED)
    see_through(services.try_first(lab.member, run), fail=True)
    run.refresh_from_db()
    assert (run.state, run.hint) == (RunState.FAILED, "Mend it.")
    assert run.error == "Its first step was tried and failed: It broke."


def test_a_job_whose_payload_is_no_longer_understood_is_given_up_in_words(lab, see_through):
    job = queue(lab)
    Job.objects.update(payload={"config": {"seed": -1}})
    for _ in range(3):
        see_through(job)
    assert job.state == JobState.FAILED and "The worker failed: ValidationError" in job.error


def test_one_that_is_cancelled_ends_with_its_processes(lab, see_through):
    job = queue(lab)

    def attempt() -> None:
        see_through(job, hold=True, leave_child=True)
        connection.close()

    thread = threading.Thread(target=attempt)
    thread.start()

    def engine() -> Job | None:
        return Job.objects.filter(id=job.id, phase="evaluate").first()

    held = wait_for(engine, "the first picture")
    assert len(ProcessGroup(held.engine_pid, held.engine_started_at).members()) == 2
    lifecycle.request_cancel(job)
    thread.join()
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert not ProcessGroup(held.engine_pid, held.engine_started_at).members()
