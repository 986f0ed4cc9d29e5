"""Whatever dies when: the run ends as an undisturbed one does, with nothing missing and nothing twice."""

import signal

import pytest
import redis

from runs import nudges
from runs.models import AttemptOutcome, RunState
from tests.worker.conftest import (
    folder_of,
    let_go,
    live_points,
    processes_of,
    wait_for,
    wait_for_state,
    wait_until_held,
)

EXPECTED = sorted(
    [("reward/mean", at, 2 * at, at / 7) for at in range(1, 13)] + [("kl", at, 2 * at, 1 / at) for at in range(1, 13)]
)


def test_undisturbed_run_finishes(workers, submit):
    workers.start()
    run = wait_for_state(submit(), RunState.FINISHED)
    assert live_points(run) == EXPECTED
    assert [attempt.outcome for attempt in run.attempts.all()] == [AttemptOutcome.FINISHED]
    assert (run.iteration, run.total_iterations, run.error) == (12, 12, "")
    assert run.event_offset == (folder_of(run) / "events.jsonl").stat().st_size
    assert run.samples.count() == run.checkpoints.count() == 3


def test_sigkill_of_the_engine(workers, submit):
    workers.start(hold_at=7)
    run = submit()
    wait_until_held(run).kill()
    wait_for(lambda: run.attempts.count() == 2, "a second attempt")
    let_go(run)
    wait_for_state(run, RunState.FINISHED)
    first, second = run.attempts.all()
    assert first.outcome == AttemptOutcome.LOST and "SIGKILL" in first.error
    assert (first.valid_until, second.resumed_from) == (4, 4)
    assert live_points(run) == EXPECTED
    assert run.evaluations.count() == 1


def test_sigkill_of_the_worker(workers, submit):
    worker = workers.start(hold_at=7)
    run = submit()
    engine = wait_until_held(run)
    worker.kill()
    worker.wait()
    assert engine.is_running()
    workers.start()
    wait_for_state(run, RunState.FINISHED)
    first, second = run.attempts.all()
    assert not processes_of(first)
    # The engine was left alone long enough to write a last checkpoint, and what it wrote then was read.
    assert (first.outcome, second.resumed_from) == (AttemptOutcome.LOST, 6)
    assert live_points(run) == EXPECTED


def test_sigkill_of_worker_and_engine_with_a_half_written_line(workers, submit):
    worker = workers.start(hold_at=7)
    run = submit()
    engine = wait_until_held(run)
    worker.kill()
    worker.wait()
    engine.kill()
    with (folder_of(run) / "events.jsonl").open("a") as file:
        file.write('{"type": "metrics", "iteration": 7, "st')
    workers.start()
    wait_for_state(run, RunState.FINISHED)
    assert live_points(run) == EXPECTED


def test_worker_that_is_shut_down_hands_the_run_back(workers, submit):
    worker = workers.start(hold_at=7)
    run = submit()
    wait_until_held(run)
    worker.send_signal(signal.SIGTERM)
    worker.wait()
    run.refresh_from_db()
    assert run.state == RunState.QUEUED
    assert not processes_of(run.attempts.get())
    workers.start()
    wait_for_state(run, RunState.FINISHED)
    assert [attempt.outcome for attempt in run.attempts.all()] == [AttemptOutcome.STOPPED, AttemptOutcome.FINISHED]
    assert live_points(run) == EXPECTED


def test_a_redelivered_nudge_does_nothing(workers, submit):
    workers.start(hold_at=7)
    run = submit()
    wait_until_held(run)
    nudges.send(run.id)
    nudges.send(run.id)
    let_go(run)
    wait_for_state(run, RunState.FINISHED)
    nudges.send(run.id)
    other = wait_for_state(submit(iterations=6), RunState.FINISHED)
    assert run.attempts.count() == other.attempts.count() == 1
    assert live_points(run) == EXPECTED


def test_a_lost_nudge_is_sent_again(workers, submit, settings):
    run = submit()
    redis.Redis.from_url(settings.REDIS_URL).delete("runs")
    for role in ("runs", "housekeeping", "beat"):
        workers.start(role)
    wait_for_state(run, RunState.FINISHED)
    assert run.attempts.count() == 1


def test_a_broker_that_drops_every_connection_is_found_again(workers, submit, settings):
    for role in ("runs", "housekeeping", "beat"):
        workers.start(role)
    wait_for_state(submit(), RunState.FINISHED)
    redis.Redis.from_url(settings.REDIS_URL).execute_command("CLIENT", "KILL", "TYPE", "normal")
    run = wait_for_state(submit(), RunState.FINISHED)
    assert run.attempts.count() == 1


def test_a_failure_that_would_come_back_is_not_tried_again(workers, submit):
    workers.start(fail="deterministic")
    run = wait_for_state(submit(), RunState.FAILED)
    assert (run.error, run.hint, run.num_attempts) == ("It broke.", "Mend it.", 1)


def test_a_run_that_dies_three_times_at_one_place_fails_in_words(workers, submit):
    workers.start(die_at=7)
    run = wait_for_state(submit(), RunState.FAILED)
    assert run.num_attempts == 3
    assert "died 3 times in a row after iteration 6" in run.error
    assert "exit code 7" in run.error


def test_a_second_worker_on_the_same_data_folder_refuses(workers, submit, tmp_path):
    workers.start()
    wait_for_state(submit(), RunState.FINISHED)
    assert workers.start().wait() == 1
    assert "A worker already runs" in (tmp_path / "runs.log").read_text()


@pytest.mark.parametrize("bad", [{"config": {"seed": -1}}])
def test_a_worker_that_cannot_start_the_engine_says_so(workers, submit, bad):
    workers.start()
    run = wait_for_state(submit(**bad), RunState.FAILED)
    assert "The worker failed: ValidationError" in run.error
