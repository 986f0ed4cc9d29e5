"""A run whose first step is tried before it takes its place in the queue."""

import pytest
from django.core.exceptions import PermissionDenied

from flowdppo_engine.config import RunConfig
from jobs import lifecycle, services, trying
from jobs.models import Job, JobState
from jobs.trying import TryFirst, try_if_wanted
from runs import lifecycle as run_lifecycle
from runs.models import Run, RunState
from tests.platform.lab import add_run


@pytest.fixture
def run(lab) -> Run:
    run = add_run(lab.experiment, state=RunState.QUEUED)
    run.attempts.all().delete()
    return run


@pytest.fixture
def tried(lab, run) -> Job:
    return services.try_first(lab.member, run)


def state_of(run: Run) -> tuple[str, bool]:
    run.refresh_from_db()
    return run.state, run.awaits_preflight


def test_nobody_takes_the_run_before(run, tried):
    assert run_lifecycle.claim(run.id, "node-1") is None
    assert state_of(run) == (RunState.QUEUED, True)


def test_afterwards_it_takes_its_place(run, tried):
    lifecycle.finish(lifecycle.claim(tried.id, "node-1"))
    assert state_of(run) == (RunState.QUEUED, False)
    assert run.log_lines.get().message == "Its first step works. Now it waits for a worker."
    assert run_lifecycle.claim(run.id, "node-1") is not None


def test_a_step_that_fails_fails_the_run_with_its_words(run, tried):
    lifecycle.fail(lifecycle.claim(tried.id, "node-1"), "OutOfMemoryError: too large", "Out of memory in the update.")
    assert state_of(run) == (RunState.FAILED, False)
    assert run.error == "Its first step was tried and failed: OutOfMemoryError: too large"
    assert run.hint == "Out of memory in the update." and run.num_attempts == 0 and run.ended_at


def test_a_failed_run_may_be_resumed_and_then_is_not_tried_again(run, tried):
    lifecycle.fail(lifecycle.claim(tried.id, "node-1"), "It broke.", "")
    assert run_lifecycle.resume(run, "") and state_of(run) == (RunState.QUEUED, False)


def test_who_skips_the_try_lets_the_run_go(lab, run, tried):
    services.cancel(lab.member, tried)
    assert state_of(run) == (RunState.QUEUED, False)
    assert "is not tried" in run.log_lines.get().message


def test_when_the_run_is_cancelled_nobody_waits_for_its_try(run, tried):
    lease = lifecycle.claim(tried.id, "node-1")
    assert not lifecycle.wishes(lease).cancel
    run_lifecycle.request_cancel(run)
    assert lifecycle.wishes(lease).cancel
    lifecycle.cancelled(lease)
    assert state_of(run)[0] == RunState.CANCELLED


def test_a_try_that_waits_for_a_run_that_has_gone_is_dropped(run, tried):
    run_lifecycle.request_cancel(run)
    assert lifecycle.reap() == 1
    tried.refresh_from_db()
    assert tried.state == JobState.CANCELLED
    assert run_lifecycle.resume(run, "") and state_of(run) == (RunState.QUEUED, False)


def test_a_run_that_has_started_is_left_alone(lab, run):
    run_lifecycle.claim(run.id, "node-1")
    assert services.try_first(lab.member, run) is None
    assert not Job.objects.exists() and state_of(run) == (RunState.RUNNING, False)


def test_viewers_try_nothing(lab, run):
    with pytest.raises(PermissionDenied):
        services.try_first(lab.viewer, run)


@pytest.mark.parametrize(
    ("wish", "is_long", "expected"),
    [
        (TryFirst.ALWAYS, False, True),
        (TryFirst.NEVER, True, False),
        (TryFirst.IF_LONG, True, True),
        (TryFirst.IF_LONG, False, False),
    ],
)
def test_whether_it_is_tried(lab, run, monkeypatch, wish, is_long, expected):
    monkeypatch.setattr(trying, "is_long", lambda _: is_long)
    assert (try_if_wanted(lab.member, run, wish) is not None) == expected


def test_a_run_is_long_by_the_speed_of_the_teams_runs_or_by_its_model(lab, run):
    assert not trying.is_long(run)
    real = RunConfig.model_validate({**run.config, "model": {**run.config["model"], "source": "owner/name"}})
    Run.objects.filter(id=run.id).update(config=real.model_dump(mode="json"))
    run.refresh_from_db()
    assert trying.is_long(run)
    timed = add_run(lab.experiment, state=RunState.FINISHED, config=run.config)
    for speed, is_long in ((1e6, False), (0.01, True)):
        Run.objects.filter(id=timed.id).update(summary={"time/images_per_second": speed})
        assert trying.is_long(run) == is_long
