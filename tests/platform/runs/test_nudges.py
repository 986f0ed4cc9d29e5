"""Nudges may get lost; runs may not."""

from datetime import timedelta

import pytest
import redis
from django.db.models.functions import Now

from runs import lifecycle, nudges
from runs.models import Run, RunState


@pytest.fixture
def queue(servers, settings):
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.delete(nudges.RUNS_QUEUE)
    yield client
    client.delete(nudges.RUNS_QUEUE)


@pytest.fixture
def broker_down(settings):
    settings.BROKER_URL = "redis://127.0.0.1:1/0"
    nudges._sender.cache_clear()
    yield
    nudges._sender.cache_clear()


def test_enqueue_sends_the_nudge_after_the_commit(run, queue, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        lifecycle.enqueue(run)
    assert queue.llen(nudges.RUNS_QUEUE) == 0
    callbacks[0]()
    run.refresh_from_db()
    assert queue.llen(nudges.RUNS_QUEUE) == 1 and run.nudged_at is not None
    assert str(run.id).encode() in queue.lindex(nudges.RUNS_QUEUE, 0)


def test_a_broker_that_is_down_does_not_fail_the_submission(run, broker_down, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        lifecycle.enqueue(run)
    run.refresh_from_db()
    assert (run.state, run.nudged_at) == (RunState.QUEUED, None)


def test_the_sweeper_sends_what_was_lost(run, queue):
    assert nudges.sweep() == 1
    assert queue.llen(nudges.RUNS_QUEUE) == 1


def test_the_sweeper_waits_while_the_queue_holds_messages(run, queue):
    nudges.send(run.id)
    Run.objects.update(nudged_at=Now() - timedelta(hours=1))
    assert nudges.sweep() == 0
    queue.delete(nudges.RUNS_QUEUE)
    assert nudges.sweep() == 1


def test_the_sweeper_leaves_running_and_just_nudged_runs_alone(run, queue):
    nudges.send(run.id)
    queue.delete(nudges.RUNS_QUEUE)
    assert nudges.sweep() == 0
    lifecycle.claim(run.id, "worker")
    Run.objects.update(nudged_at=None)
    assert nudges.sweep() == 0
