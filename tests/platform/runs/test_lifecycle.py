"""The states of a run: who may move it where, and that a lease fences every write."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now

from runs import lifecycle
from runs.lifecycle import Death, LeaseLost
from runs.models import Attempt, AttemptOutcome, MetricPoint, Run, RunState

LOST = Death(AttemptOutcome.LOST, "It was lost.")


def claim_again(run: Run) -> lifecycle.Lease:
    lease = lifecycle.claim(run.id, "worker")
    run.refresh_from_db()
    return lease


def reach(lease: lifecycle.Lease, iteration: int) -> None:
    MetricPoint.objects.create(
        run_id=lease.run_id,
        attempt_id=lease.attempt_id,
        key="kl",
        iteration=iteration,
        step=iteration,
        time=0,
        value=0,
    )


def test_claim_takes_a_queued_run_once(run):
    lease = claim_again(run)
    assert (run.state, run.num_attempts, run.lease_token) == (RunState.RUNNING, 1, lease.token)
    assert lifecycle.LEASE - timedelta(seconds=10) < run.lease_expires_at - run.started_at <= lifecycle.LEASE
    assert lifecycle.claim(run.id, "other") is None
    assert Attempt.objects.get().worker == "worker"


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_at_once_exactly_one_gets_the_run(run):
    at_once = threading.Barrier(8)
    leases = []

    def race(worker: int) -> None:
        at_once.wait()
        leases.append(lifecycle.claim(run.id, f"worker {worker}"))
        connection.close()

    threads = [threading.Thread(target=race, args=[worker]) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(lease is not None for lease in leases) == 1
    assert Attempt.objects.count() == 1


def test_finish_closes_run_and_attempt(run):
    lifecycle.finish(claim_again(run))
    run.refresh_from_db()
    assert (run.state, run.lease_token, run.ended_at is not None) == (RunState.FINISHED, None, True)
    assert run.attempts.get().outcome == AttemptOutcome.FINISHED
    assert lifecycle.claim(run.id, "worker") is None


def test_fail_keeps_error_and_hint(run):
    lifecycle.fail(claim_again(run), "Out of cheese.", "Buy cheese.")
    run.refresh_from_db()
    assert (run.state, run.error, run.hint) == (RunState.FAILED, "Out of cheese.", "Buy cheese.")
    assert run.log_lines.last().level == "error"


@pytest.mark.parametrize(
    "write",
    [
        lifecycle.renew,
        lifecycle.finish,
        lifecycle.cancelled,
        lifecycle.hand_back,
        lifecycle.cancel_is_requested,
        lambda lease: lifecycle.fail(lease, "error", "hint"),
        lambda lease: lifecycle.requeue(lease, LOST),
        lambda lease: lifecycle.record_engine(lease, 1, 1.0),
    ],
)
def test_a_stale_lease_writes_nothing(run, write):
    stale = claim_again(run)
    lifecycle.requeue(stale, LOST)
    claim_again(run)
    before = list(Run.objects.values()), list(Attempt.objects.values())
    with pytest.raises(LeaseLost):
        write(stale)
    assert (list(Run.objects.values()), list(Attempt.objects.values())) == before


def test_cancel_of_a_queued_run_is_immediate(run):
    lifecycle.request_cancel(run)
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
    assert lifecycle.claim(run.id, "worker") is None


def test_cancel_of_a_running_run_is_seen_by_its_worker(run):
    lease = claim_again(run)
    assert not lifecycle.cancel_is_requested(lease)
    lifecycle.request_cancel(run)
    assert lifecycle.cancel_is_requested(lease)
    lifecycle.cancelled(lease)
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED


def test_cancel_of_an_ended_run_changes_nothing(run):
    lifecycle.finish(claim_again(run))
    lifecycle.request_cancel(run)
    run.refresh_from_db()
    assert (run.state, run.cancel_requested_at) == (RunState.FINISHED, None)


def test_a_lost_run_that_was_to_be_cancelled_is_cancelled(run):
    lease = claim_again(run)
    lifecycle.request_cancel(run)
    lifecycle.requeue(lease, LOST)
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED


def test_the_reaper_requeues_what_has_expired_and_nothing_else(run, experiment, monkeypatch):
    # The servers of the tests may have started less than a lease ago.
    monkeypatch.setattr(lifecycle, "LEASE", timedelta(0))
    expired = claim_again(run)
    monkeypatch.undo()
    alive = Run.objects.create(experiment=experiment, name="alive", recipe="x", config={})
    claim_again(alive)
    monkeypatch.setattr(lifecycle, "LEASE", timedelta(0))
    assert lifecycle.reap() == 1
    run.refresh_from_db()
    alive.refresh_from_db()
    assert (run.state, alive.state) == (RunState.QUEUED, RunState.RUNNING)
    assert run.attempts.get().outcome == AttemptOutcome.LOST
    with pytest.raises(LeaseLost):
        lifecycle.renew(expired)


def test_after_its_start_the_database_gives_workers_the_time_of_a_lease(run, monkeypatch):
    claim_again(run)
    Run.objects.update(lease_expires_at=Now() - timedelta(hours=1))
    monkeypatch.setattr(lifecycle, "LEASE", timedelta(days=1000))
    assert lifecycle.reap() == 0


def test_five_deaths_are_the_end(run):
    for iteration in range(5):
        lease = claim_again(run)
        reach(lease, iteration)
        lifecycle.requeue(lease, LOST)
    run.refresh_from_db()
    assert (run.state, run.num_attempts) == (RunState.FAILED, 5)
    assert run.error == "5 attempts have died. It was lost."


def test_three_deaths_in_a_row_at_one_iteration_are_the_end(run):
    for iteration in (3, 9, 9, 9):
        lease = claim_again(run)
        reach(lease, iteration)
        lifecycle.requeue(lease, LOST)
    run.refresh_from_db()
    assert (run.state, run.num_attempts) == (RunState.FAILED, 4)
    assert run.error.startswith("It died 3 times in a row after iteration 9.")


def test_shutting_workers_down_is_not_held_against_a_run(run):
    for _ in range(7):
        lifecycle.hand_back(claim_again(run))
    run.refresh_from_db()
    assert (run.state, run.num_attempts) == (RunState.QUEUED, 7)
    assert {attempt.outcome for attempt in run.attempts.all()} == {AttemptOutcome.STOPPED}


def test_abandon_moves_only_the_attempt_that_holds_the_run(run):
    first = Attempt.objects.get(id=claim_again(run).attempt_id)
    lifecycle.abandon(first, "gone")
    second = claim_again(run)
    lifecycle.abandon(first, "gone")
    lifecycle.renew(second)
    assert run.state == RunState.RUNNING
