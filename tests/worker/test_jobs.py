"""Small jobs under a real worker: whatever dies when, a job ends, and is told once."""

import signal
import sys
from pathlib import Path

import psutil
import pytest
from django.conf import settings as django_settings

from fleet.models import Hold
from flowdppo_engine.config import RunConfig
from flowdppo_engine.recipes import recipe_fields
from jobs import services
from jobs.models import Job, JobState
from jobs.selectors import samples_of, scored_of, tried_of
from runs.models import RunState
from stack.process_group import ProcessGroup
from teams.models import Role, Team
from teams.services import create_user, set_role
from tests.worker.conftest import wait_for, wait_for_state

FAKE = f"{sys.executable},-m,tests.worker.fake_job_engine"
REAL = f"{sys.executable},-m,flowdppo_engine"


@pytest.fixture
def member(submit):
    user = create_user("member@example.org", "a long one, for tests")
    set_role(Team.objects.get(), user, Role.MEMBER)
    return user


@pytest.fixture
def dry_run(member):
    """`dry_run(**options)` queues one, of the sandbox's own configuration unless another is given."""

    def dry_run(config: RunConfig | None = None, **options) -> Job:
        return services.dry_run(member, Team.objects.get(), "rewards", config or RunConfig(), **options)

    return dry_run


def folder_of(job: Job) -> Path:
    return Path(django_settings.MEDIA_ROOT) / job.folder


def wait_for_end(job: Job) -> Job:
    def ended() -> bool:
        job.refresh_from_db()
        return not job.is_live

    wait_for(ended, f"the end of {job}")
    return job


def wait_until_held(job: Job) -> psutil.Process:
    """The engine's process, once it holds and what it told so far is stored."""

    def held() -> bool:
        job.refresh_from_db()
        return bool(job.num_attempts) and (Path(django_settings.MEDIA_ROOT) / job.attempt_folder / "held").exists()

    wait_for(held, "the engine to hold")
    job.refresh_from_db()
    return psutil.Process(job.engine_pid)


def let_go(job: Job) -> None:
    (folder_of(job) / "go").touch()


def processes_of(pid: int, started_at: float) -> list[int]:
    return ProcessGroup(pid, started_at).members()


def assert_done_once(job: Job, attempts: int) -> None:
    wait_for_end(job)
    assert (job.state, job.num_attempts, job.error) == (JobState.FINISHED, attempts, "")
    assert [sample.index for sample in samples_of(job)] == [0, 1]
    assert len(job.result["scored"]) == 1 and scored_of(job).totals == [0.0, 0.5]
    wait_for(lambda: not Hold.objects.exists(), "its place to be free")


def test_the_real_engine_scores_pictures_and_tries_the_first_step_of_a_run(workers, dry_run, submit, member):
    workers.start(engine=REAL)
    config = RunConfig.model_validate(recipe_fields("sandbox-smoke") | {"iterations": 1})
    run = submit(iterations=1, config=config.model_dump(mode="json"), recipe="sandbox-smoke", awaits_preflight=True)
    tried = services.try_first(member, run)
    scored = wait_for_end(dry_run(config, num_prompts=2, images_per_prompt=2))
    assert scored.state == JobState.FINISHED, scored.error
    assert len(samples_of(scored)) == 4 and scored_of(scored).num_groups == 2
    assert all((folder_of(scored) / "attempt-1" / sample.path).is_file() for sample in samples_of(scored))
    wait_for_end(tried)
    assert tried.state == JobState.FINISHED and tried_of(tried).seconds_per_iteration > 0
    wait_for_state(run, RunState.RUNNING, RunState.FINISHED)
    assert "Its first step works." in run.log_lines.order_by("id").first().message


def test_sigkill_of_the_engine(workers, dry_run):
    workers.start(engine=FAKE, hold=True)
    job = dry_run()
    wait_until_held(job).kill()
    let_go(job)
    assert_done_once(job, attempts=2)


def test_sigkill_of_the_worker(workers, dry_run):
    worker = workers.start(engine=FAKE, hold=True, leave_child=True)
    job = dry_run()
    wait_until_held(job)
    left = (job.engine_pid, job.engine_started_at)
    worker.kill()
    worker.wait()
    assert len(processes_of(*left)) == 2
    let_go(job)
    workers.start(engine=FAKE)
    assert_done_once(job, attempts=2)
    assert not processes_of(*left)


def test_a_worker_that_is_shut_down_hands_its_job_back(workers, dry_run):
    worker = workers.start(engine=FAKE, hold=True)
    job = dry_run()
    wait_until_held(job)
    left = (job.engine_pid, job.engine_started_at)
    worker.send_signal(signal.SIGTERM)
    worker.wait()
    job.refresh_from_db()
    assert (job.state, job.num_lost) == (JobState.QUEUED, 0) and not processes_of(*left)
    workers.start(engine=FAKE)
    assert_done_once(job, attempts=2)


def test_a_job_need_not_wait_for_a_run(workers, submit, dry_run):
    """One slot, which a run holds: a job that needs no GPU has a place beside it."""
    workers.start(hold_at=7)
    run = submit()
    wait_for(lambda: (Path(django_settings.MEDIA_ROOT) / run.folder / "held").exists(), "the run to hold")
    job = dry_run()
    wait_for(lambda: Job.objects.get(id=job.id).num_attempts, "the job to be taken")
    run.refresh_from_db()
    assert run.state == RunState.RUNNING
