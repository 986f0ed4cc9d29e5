"""The thread that keeps a lease: renews, sees a cancel, and acts when the lease is gone."""

import threading

import pytest
from django.db.models.functions import Now

from runs import lifecycle
from runs.deaths import Death
from runs.lifecycle import LeaseLost, Wishes
from runs.models import AttemptOutcome, Run
from tests.worker.conftest import PATIENCE, wait_for
from worker import lease_keeper
from worker.lease_keeper import LeaseKeeper


@pytest.fixture
def lease(submit, monkeypatch):
    monkeypatch.setattr(lease_keeper, "LOOK_EVERY", 0.02)
    monkeypatch.setattr(lease_keeper, "RENEW_EVERY", 0.1)
    return lifecycle.claim(submit().id, "worker")


def test_it_renews(lease):
    Run.objects.update(lease_expires_at=Now())
    before = Run.objects.get().lease_expires_at
    with LeaseKeeper(lease, on_lost=lambda: None):
        wait_for(lambda: Run.objects.get().lease_expires_at > before, "a renewal")


def test_it_sees_a_cancel(lease):
    with LeaseKeeper(lease, on_lost=lambda: None) as keeper:
        lifecycle.request_cancel(Run.objects.get())
        assert keeper.cancel_requested.wait(PATIENCE)
        assert not keeper.lost.is_set()


def test_it_sees_a_stop(lease):
    with LeaseKeeper(lease, on_lost=lambda: None) as keeper:
        lifecycle.request_stop(Run.objects.get(), "Ann asked for it.")
        assert keeper.stop_requested.wait(PATIENCE)
        assert not keeper.cancel_requested.is_set()


def test_it_calls_when_the_lease_is_gone_without_waiting_for_anybody(lease):
    called = threading.Event()
    with LeaseKeeper(lease, on_lost=called.set) as keeper:
        lifecycle.requeue(lease, Death(AttemptOutcome.LOST, "Reaped."))
        assert called.wait(PATIENCE)
        assert keeper.lost.is_set()


class SlowLife:
    """Whose look lasts until it is let go, and then finds no lease."""

    def __init__(self):
        self.looking, self.go_on = threading.Event(), threading.Event()

    def renew(self, lease) -> None:
        self.looking.set()
        self.go_on.wait(PATIENCE)
        raise LeaseLost(lease)

    def wishes(self, lease) -> Wishes:
        raise AssertionError("renew has raised")


def test_the_end_of_a_lease_during_a_last_look_is_no_loss(lease):
    life, called = SlowLife(), threading.Event()
    keeper = LeaseKeeper(lease, on_lost=called.set, life=life)
    with keeper:
        assert life.looking.wait(PATIENCE)
    life.go_on.set()
    wait_for(lambda: not thread_of(lease), "the end of its thread")
    assert not called.is_set() and not keeper.lost.is_set()


def thread_of(lease) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == f"lease of {lease}"]


def test_a_database_that_is_away_is_no_loss(lease, database_away):
    called = threading.Event()
    with LeaseKeeper(lease, on_lost=called.set) as keeper:
        with database_away():
            assert not called.wait(1.0)
        before = Run.objects.get().lease_expires_at
        wait_for(lambda: Run.objects.get().lease_expires_at > before, "a renewal after the database came back")
        assert not keeper.lost.is_set()
