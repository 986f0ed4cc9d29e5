"""Cancelling: at any moment, within seconds, and no process is left."""

from runs import lifecycle
from runs.models import RunState
from tests.worker.conftest import processes_of, wait_for_state, wait_until_held


def test_while_training_the_engine_writes_a_last_checkpoint(workers, submit):
    workers.start(hold_at=7)
    run = submit()
    wait_until_held(run)
    lifecycle.request_cancel(run)
    wait_for_state(run, RunState.CANCELLED)
    assert not processes_of(run.attempts.get())
    assert run.checkpoints.first().iteration == 6
    assert run.iteration == 6


def test_while_loading(workers, submit):
    workers.start(hold_loading=True)
    run = submit()
    wait_until_held(run)
    lifecycle.request_cancel(run)
    wait_for_state(run, RunState.CANCELLED)
    assert not processes_of(run.attempts.get())
    assert run.attempts.get().outcome == "cancelled"


def test_an_engine_that_does_not_listen_is_killed_with_its_children(workers, submit):
    workers.start(hold_at=7, ignore_sigterm=True, leave_child=True, grace=0.5)
    run = submit()
    wait_until_held(run)
    assert len(processes_of(run.attempts.get())) == 2
    lifecycle.request_cancel(run)
    wait_for_state(run, RunState.CANCELLED)
    assert not processes_of(run.attempts.get())


def test_a_worker_that_died_meanwhile_does_not_bring_the_run_back(workers, submit):
    worker = workers.start(hold_at=7)
    run = submit()
    wait_until_held(run)
    worker.kill()
    worker.wait()
    lifecycle.request_cancel(run)
    workers.start()
    wait_for_state(run, RunState.CANCELLED)
    assert not processes_of(run.attempts.get())
