"""Stopping after a checkpoint, and going on: by the worker's hand, with the fake engine."""

from flowdppo_engine.training.stopping import StopFile
from runs import lifecycle
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
from tests.worker.test_faults import EXPECTED

ASKED = "Ann asked for it."


def test_the_iteration_under_way_is_done_first_and_nothing_is_done_twice(workers, submit):
    workers.start(hold_at=7)
    run = submit()
    wait_until_held(run)
    lifecycle.request_stop(run, ASKED)
    wait_for(lambda: StopFile(folder_of(run)).is_there, "the engine to be told")
    let_go(run)
    wait_for_state(run, RunState.STOPPED)
    attempt = run.attempts.get()
    assert (attempt.outcome, attempt.reached, run.checkpoints.first().iteration) == (AttemptOutcome.STOPPED, 7, 7)
    assert not processes_of(attempt) and not StopFile(folder_of(run)).is_there

    lifecycle.resume(run, ASKED)
    wait_for_state(run, RunState.FINISHED)
    assert [attempt.resumed_from for attempt in run.attempts.all()] == [None, 7]
    assert live_points(run) == EXPECTED


def test_a_cancel_does_not_wait_for_the_stop_and_can_be_resumed_too(workers, submit):
    workers.start(hold_at=7)
    run = submit()
    wait_until_held(run)
    lifecycle.request_stop(run, ASKED)
    wait_for(lambda: StopFile(folder_of(run)).is_there, "the engine to be told")
    lifecycle.request_cancel(run)
    wait_for_state(run, RunState.CANCELLED)
    assert run.iteration == 6
    let_go(run)
    lifecycle.resume(run, ASKED)
    wait_for_state(run, RunState.FINISHED)
    assert run.attempts.last().resumed_from == 6
    assert live_points(run) == EXPECTED


def test_a_stop_that_nobody_heeded_does_not_end_the_next_attempt(workers, submit):
    worker = workers.start(hold_at=7)
    run = submit()
    wait_until_held(run)
    lifecycle.request_stop(run, ASKED)
    wait_for(lambda: StopFile(folder_of(run)).is_there, "the engine to be told")
    worker.kill()
    worker.wait()
    processes = processes_of(run.attempts.get())
    workers.start()
    wait_for_state(run, RunState.STOPPED)
    assert processes and not processes_of(run.attempts.get())
    StopFile(folder_of(run)).lay()
    lifecycle.resume(run, ASKED)
    wait_for_state(run, RunState.FINISHED)
    assert live_points(run) == EXPECTED


def test_a_failed_run_is_tried_again_although_it_said_that_it_would_fail_again(workers, submit):
    worker = workers.start(fail="deterministic")
    run = wait_for_state(submit(), RunState.FAILED)
    worker.terminate()
    worker.wait()
    workers.start()
    lifecycle.resume(run, ASKED)
    wait_for_state(run, RunState.FINISHED)
    assert (run.error, run.hint, run.num_attempts) == ("", "", 2)
    assert live_points(run) == EXPECTED


def test_a_finished_run_goes_on_with_more_iterations_also_where_a_worker_dies_before_it_starts(workers, submit):
    worker = workers.start()
    run = wait_for_state(submit(iterations=6), RunState.FINISHED)
    worker.terminate()
    worker.wait()
    lifecycle.extend(run, run.config | {"iterations": 12}, ASKED)
    lifecycle.claim(run.id, run.attempts.get().worker)
    workers.start()
    wait_for_state(run, RunState.FINISHED)
    assert [attempt.outcome for attempt in run.attempts.all()] == ["finished", "lost", "finished"]
    assert (run.iteration, run.total_iterations, run.attempts.last().resumed_from) == (12, 12, 6)
    assert live_points(run) == EXPECTED


def test_memory_that_runs_out_twice_at_one_place_is_not_tried_a_third_time(workers, submit):
    workers.start(run_out_at=7)
    run = wait_for_state(submit(), RunState.FAILED)
    assert (run.num_attempts, run.hint) == (2, "Take a smaller batch.")
    assert run.error.startswith("Memory ran out 2 times in the update after iteration 6.")
