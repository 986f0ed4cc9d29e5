"""A job is held by one worker at a time, and ends whatever happens to it."""

import uuid
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from jobs import lifecycle
from jobs.lifecycle import Lease, LeaseLost
from jobs.models import Job, JobState
from tests.platform.fleet.machines import add_node
from tests.platform.jobs.laboratory import queue


def fresh(job: Job) -> Job:
    return Job.objects.get(id=job.id)


def claim(job: Job) -> Lease:
    lease = lifecycle.claim(job.id, "node-1")
    assert lease is not None
    return lease


def test_exactly_one_worker_gets_a_job(job):
    claim(job)
    assert lifecycle.claim(job.id, "node-2") is None
    now = fresh(job)
    assert (now.state, now.worker, now.num_attempts) == (JobState.RUNNING, "node-1", 1)


def test_each_attempt_begins_anew_in_a_folder_of_its_own(job):
    lease = claim(job)
    lifecycle.write_fenced(lease, event_offset=99, result={"samples": []}, phase="load")
    lifecycle.record_engine(lease, 1234, 5.0)
    first = fresh(job).attempt_folder
    lifecycle.requeue(lease, "It was lost.")
    claim(job)
    now = fresh(job)
    assert (now.event_offset, now.result, now.phase, now.engine_pid) == (0, {}, "", None)
    assert first != now.attempt_folder and now.attempt_folder.startswith(now.folder)


@pytest.mark.parametrize(
    "write",
    [
        lifecycle.renew,
        lifecycle.wishes,
        lifecycle.finish,
        lifecycle.cancelled,
        lifecycle.hand_back,
        lambda lease: lifecycle.fail(lease, "no", ""),
        lambda lease: lifecycle.requeue(lease, "no"),
        lambda lease: lifecycle.record_engine(lease, 1, 1.0),
    ],
)
def test_without_its_lease_a_worker_writes_nothing(job, write):
    claim(job)
    before = fresh(job)
    with pytest.raises(LeaseLost):
        write(Lease(job.id, uuid.uuid4()))
    after = fresh(job)
    assert (after.state, after.engine_pid, after.lease_expires_at) == (
        before.state, before.engine_pid, before.lease_expires_at,
    )  # fmt: skip


def test_what_the_worker_says_last_is_the_end(job):
    lifecycle.fail(claim(job), "It broke.", "Mend it.")
    now = fresh(job)
    assert (now.state, now.error, now.hint, now.lease_token) == (JobState.FAILED, "It broke.", "Mend it.", None)
    assert now.ended_at is not None


def test_a_queued_job_is_cancelled_at_once_and_a_running_one_is_told(job):
    lease = claim(job)
    assert not lifecycle.wishes(lease).cancel
    assert lifecycle.request_cancel(job) and not lifecycle.request_cancel(job)
    assert lifecycle.wishes(lease).cancel and fresh(job).state == JobState.RUNNING
    lifecycle.hand_back(lease)
    assert lifecycle.request_cancel(job) and fresh(job).state == JobState.CANCELLED
    assert not lifecycle.request_cancel(job)


def test_a_worker_that_goes_in_order_holds_nothing_against_the_job(job):
    for _ in range(5):
        lifecycle.hand_back(claim(job))
    now = fresh(job)
    assert (now.state, now.num_attempts, now.num_lost) == (JobState.QUEUED, 5, 0)


def test_three_deaths_are_the_end(job):
    for _ in range(3):
        lifecycle.requeue(claim(job), "It was killed.")
    now = fresh(job)
    assert (now.state, now.error) == (JobState.FAILED, "It died 3 times. It was killed.") and now.hint


def test_a_job_that_is_lost_while_it_is_to_be_cancelled_is_cancelled(job):
    lease = claim(job)
    lifecycle.request_cancel(job)
    lifecycle.requeue(lease, "It was killed.")
    assert fresh(job).state == JobState.CANCELLED


def test_the_reaper_requeues_what_has_expired_and_nothing_else(job, lab, monkeypatch):
    # The servers of the tests may have started less than a lease ago.
    monkeypatch.setattr(lifecycle, "LEASE", timedelta(0))
    lost = claim(job)
    monkeypatch.undo()
    alive, waiting = queue(lab), queue(lab)
    claim(alive)
    monkeypatch.setattr(lifecycle, "LEASE", timedelta(0))
    assert lifecycle.reap() == 1
    assert [fresh(one).state for one in (job, alive, waiting)] == [
        JobState.QUEUED, JobState.RUNNING, JobState.QUEUED,
    ]  # fmt: skip
    with pytest.raises(LeaseLost):
        lifecycle.renew(lost)


def test_after_its_start_the_database_gives_workers_the_time_of_a_lease(job, monkeypatch):
    claim(job)
    Job.objects.update(lease_expires_at=Now() - timedelta(hours=1))
    monkeypatch.setattr(lifecycle, "LEASE", timedelta(days=1000))
    assert lifecycle.reap() == 0


def test_a_worker_that_came_back_takes_its_own_attempt_alone(job):
    lease = claim(job)
    left = fresh(job)
    lifecycle.requeue(lease, "It was killed.")
    claim(job)
    lifecycle.abandon(left, "The worker died.")
    assert fresh(job).state == JobState.RUNNING
    lifecycle.abandon(fresh(job), "The worker died.")
    assert (fresh(job).state, fresh(job).num_lost) == (JobState.QUEUED, 2)


def test_teams_take_turns_and_the_oldest_goes_first(lab, job):
    node = add_node("node")
    second = queue(lab)
    other = lab.stranger.teams.get()
    theirs = Job.objects.create(team=other, kind="score", name="theirs", payload={}, needs_gpu=False)
    assert list(lifecycle.waiting_for(node)) == [job, second, theirs]
    claim(job)
    assert list(lifecycle.waiting_for(node)) == [theirs, second]


def test_a_job_that_needs_a_gpu_waits_for_a_node_with_one_where_there_is_any(job):
    Job.objects.update(needs_gpu=True)
    without = add_node("without")
    assert list(lifecycle.waiting_for(without)) == [job]
    with_gpus = add_node("with", with_gpus=True)
    assert list(lifecycle.waiting_for(without)) == []
    assert list(lifecycle.waiting_for(with_gpus)) == [job]
