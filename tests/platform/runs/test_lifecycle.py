"""The states of a run: who may move it where, and that a lease fences every write."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now

from runs import lifecycle
from runs.deaths import Death
from runs.lifecycle import LeaseLost, Wishes
from runs.models import Attempt, AttemptOutcome, Run, RunState
from runs.signals import run_ended

LOST = Death(AttemptOutcome.LOST, "It was lost.")


def claim_again(run: Run) -> lifecycle.Lease:
    lease = lifecycle.claim(run.id, "worker")
    run.refresh_from_db()
    return lease


def reach(lease: lifecycle.Lease, iteration: int) -> None:
    Attempt.objects.filter(id=lease.attempt_id).update(reached=iteration)


def at_once(act) -> list:
    """What `act(number)` returns to each of eight who do it at the same moment."""
    barrier = threading.Barrier(8)

    def race(number: int):
        barrier.wait()
        try:
            return act(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(race, range(8)))


def test_claim_takes_a_queued_run_once(run):
    lease = claim_again(run)
    assert (run.state, run.num_attempts, run.lease_token) == (RunState.RUNNING, 1, lease.token)
    assert lifecycle.LEASE - timedelta(seconds=10) < run.lease_expires_at - run.started_at <= lifecycle.LEASE
    assert lifecycle.claim(run.id, "other") is None
    assert Attempt.objects.get().worker == "worker"


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_at_once_exactly_one_gets_the_run(run):
    leases = at_once(lambda number: lifecycle.claim(run.id, f"worker {number}"))
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
        lifecycle.stopped,
        lifecycle.wishes,
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


@pytest.mark.parametrize(
    ("ask", "state"),
    [
        (lifecycle.request_cancel, RunState.CANCELLED),
        (lambda run: lifecycle.request_stop(run, "Somebody asked."), RunState.STOPPED),
    ],
)
@pytest.mark.parametrize("leave", [lambda lease: lifecycle.requeue(lease, LOST), lifecycle.hand_back])
def test_a_run_that_was_to_end_is_not_tried_again(run, ask, state, leave):
    lease = claim_again(run)
    ask(run)
    leave(lease)
    run.refresh_from_db()
    assert run.state == state


def test_stop_of_a_queued_run_is_immediate(run):
    assert lifecycle.request_stop(run, "Ann asked for it.")
    run.refresh_from_db()
    assert (run.state, run.stop_reason) == (RunState.STOPPED, "Ann asked for it.")
    assert run.log_lines.get().message == "Stopped before it started. Ann asked for it."
    assert lifecycle.claim(run.id, "worker") is None


def test_stop_of_a_running_run_is_seen_by_its_worker(run):
    lease = claim_again(run)
    assert lifecycle.wishes(lease) == Wishes(cancel=False, stop=False)
    assert lifecycle.request_stop(run, "Reward rises while quality falls.")
    assert lifecycle.wishes(lease) == Wishes(cancel=False, stop=True)
    assert "after its next checkpoint. Reward rises" in run.log_lines.last().message
    lifecycle.stopped(lease)
    run.refresh_from_db()
    assert (run.state, run.attempts.get().outcome) == (RunState.STOPPED, AttemptOutcome.STOPPED)


def test_a_stop_can_become_a_cancel_but_not_the_other_way(run):
    lease = claim_again(run)
    lifecycle.request_stop(run, "Ann asked for it.")
    assert lifecycle.request_cancel(run)
    assert lifecycle.wishes(lease) == Wishes(cancel=True, stop=True)
    other = Run.objects.create(experiment=run.experiment, name="other", recipe="x", config={})
    claim_again(other)
    lifecycle.request_cancel(other)
    assert not lifecycle.request_stop(other, "Too late.")


def test_a_second_stop_changes_nothing(run):
    claim_again(run)
    lifecycle.request_stop(run, "Ann asked for it.")
    lines = run.log_lines.count()
    assert not lifecycle.request_stop(run, "Bob asked for it.")
    run.refresh_from_db()
    assert (run.stop_reason, run.log_lines.count()) == ("Ann asked for it.", lines)


@pytest.mark.parametrize("state", [RunState.FINISHED, RunState.FAILED, RunState.CANCELLED, RunState.STOPPED])
def test_stop_of_an_ended_run_changes_nothing(run, state):
    Run.objects.update(state=state)
    assert not lifecycle.request_stop(run, "Too late.")
    run.refresh_from_db()
    assert (run.state, run.stop_requested_at) == (state, None)


def end_as(run: Run, state: RunState) -> None:
    lease = claim_again(run)
    match state:
        case RunState.STOPPED:
            lifecycle.request_stop(run, "Ann asked for it.")
            lifecycle.stopped(lease)
        case RunState.CANCELLED:
            lifecycle.request_cancel(run)
            lifecycle.cancelled(lease)
        case RunState.FAILED:
            lifecycle.fail(lease, "It broke.", "Mend it.")
        case RunState.FINISHED:
            lifecycle.finish(lease)
    run.refresh_from_db()


@pytest.mark.parametrize("state", lifecycle.RESUMABLE)
def test_what_was_put_down_or_failed_is_resumed_as_if_nothing_had_been(run, state, django_capture_on_commit_callbacks):
    end_as(run, state)
    with django_capture_on_commit_callbacks() as callbacks:
        assert lifecycle.resume(run, "Bob asked for it.")
        assert not lifecycle.resume(run, "Carol asked for it.")
    assert len(callbacks) == 1
    run.refresh_from_db()
    left = (run.cancel_requested_at, run.stop_requested_at, run.ended_at, run.error, run.hint, run.stop_reason)
    assert (run.state, left) == (RunState.QUEUED, (None, None, None, "", "", ""))
    assert run.log_lines.last().message == "Resumed. Bob asked for it."
    assert lifecycle.claim(run.id, "worker").attempt_number == 2


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.RUNNING, RunState.FINISHED])
def test_other_runs_are_not_resumed(run, state):
    Run.objects.update(state=state)
    assert not lifecycle.resume(run, "Bob asked for it.")
    run.refresh_from_db()
    assert run.state == state


def test_a_finished_run_gets_more_iterations(run):
    end_as(run, RunState.FINISHED)
    assert lifecycle.extend(run, run.config | {"iterations": 300}, "Bob asked for it.")
    run.refresh_from_db()
    assert (run.state, run.total_iterations, run.config["iterations"]) == (RunState.QUEUED, 300, 300)
    assert not lifecycle.extend(run, run.config | {"iterations": 400}, "Too late.")
    run.refresh_from_db()
    assert run.total_iterations == 300


@pytest.mark.django_db(transaction=True)
def test_of_many_who_resume_at_once_exactly_one_does(run):
    end_as(run, RunState.STOPPED)
    answers = at_once(lambda number: lifecycle.resume(run, f"{number} asked for it."))
    assert sum(answers) == 1
    assert run.log_lines.filter(message__startswith="Resumed").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_stop_and_a_claim_at_once_leave_the_run_stopped_or_told(run):
    answers = at_once(
        lambda number: lifecycle.request_stop(run, "Ann.") if number % 2 else lifecycle.claim(run.id, "worker")
    )
    run.refresh_from_db()
    assert sum(answer is True for answer in answers) == 1
    assert run.state == (RunState.RUNNING if run.num_attempts else RunState.STOPPED)
    assert run.stop_requested_at is not None


def test_how_attempts_ended_before_somebody_resumed_is_not_held_against_the_run(run):
    for round_ in range(2):
        for iteration in range(5):
            lease = claim_again(run)
            reach(lease, iteration)
            lifecycle.requeue(lease, LOST)
        run.refresh_from_db()
        assert (run.state, run.num_attempts) == (RunState.FAILED, 5 * (round_ + 1))
        lifecycle.resume(run, "Bob asked for it.")


def test_memory_that_runs_out_twice_at_one_place_is_the_end(run):
    for place in ("the update", "an evaluation", "the update", "the update"):
        lease = claim_again(run)
        reach(lease, 6)
        death = Death(AttemptOutcome.FAILED, "The engine failed: OOM.", hint="Less.", memory_ran_out_in=place)
        if place == "an evaluation":
            reach(lease, 7)
        lifecycle.requeue(lease, death)
    run.refresh_from_db()
    assert (run.state, run.num_attempts, run.hint) == (RunState.FAILED, 4, "Less.")
    assert run.error.startswith("Memory ran out 2 times in the update after iteration 6.")


def test_memory_that_ran_out_further_on_is_no_reason_to_give_up(run):
    for iteration in (6, 8):
        lease = claim_again(run)
        reach(lease, iteration)
        lifecycle.requeue(lease, Death(AttemptOutcome.FAILED, "OOM.", memory_ran_out_in="the update"))
    run.refresh_from_db()
    assert run.state == RunState.QUEUED


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


@pytest.mark.parametrize("is_claimed", [False, True])
@pytest.mark.parametrize("state", [RunState.CANCELLED, RunState.STOPPED])
def test_whoever_wants_to_know_is_told_of_an_end_once(run, state, is_claimed):
    told = []

    def listen(run_id, state, **_) -> None:
        told.append((run_id, state))

    run_ended.connect(listen)
    try:
        if is_claimed:
            end_as(run, state)
        else:
            for _ in range(2):
                ask = lifecycle.request_cancel if state == RunState.CANCELLED else lifecycle.request_stop
                ask(run, "Ann asked for it.")
    finally:
        run_ended.disconnect(listen)
    assert told == [(run.id, state)]
