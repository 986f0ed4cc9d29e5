"""The thread that keeps a lease: renews, sees a cancel, and acts when the lease is gone."""

import threading

import pytest
from django.db.models.functions import Now

from runs import lifecycle
from runs.deaths import Death
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


def test_a_database_that_is_away_is_no_loss(lease, database_away):
    called = threading.Event()
    with LeaseKeeper(lease, on_lost=called.set) as keeper:
        with database_away():
            assert not called.wait(1.0)
        before = Run.objects.get().lease_expires_at
        wait_for(lambda: Run.objects.get().lease_expires_at > before, "a renewal after the database came back")
        assert not keeper.lost.is_set()
