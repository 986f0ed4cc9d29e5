"""Claiming from the line: exactly once, what fits, and never held up by one row."""

import threading
from datetime import timedelta

import psycopg
import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from fleet import services, slots, snapshot
from fleet.models import Node
from fleet.scheduling import claim_next, would_take
from runs import lifecycle
from runs.deaths import Death
from runs.models import Attempt, AttemptOutcome, Experiment, Run
from teams.models import Team
from tests.platform.fleet.machines import add_node, add_queued, add_running, silence

LOST = Death(AttemptOutcome.LOST, "It was lost.")


@pytest.fixture
def experiment(db):
    return Experiment.objects.create(team=Team.objects.create(name="Lab", slug="lab"), name="Thresholds")


@pytest.fixture
def elsewhere(db):
    return Experiment.objects.create(team=Team.objects.create(name="Elsewhere", slug="elsewhere"), name="Theirs")


def test_a_node_is_filled_and_no_more(experiment):
    here = add_node("gpu-1", slots=3, with_gpus=True)
    for gpus in (2, 1, 1):
        add_queued(experiment, num_gpus=gpus)
    leases = [claim_next(here) for _ in range(3)]
    assert leases[2] is None
    held = Attempt.objects.order_by("id").values_list("node__name", "gpus", "worker")
    assert list(held) == [("gpu-1", [0, 1], "gpu-1"), ("gpu-1", [2], "gpu-1")]
    assert "gpu-1, GPUs 0 and 1" in Run.objects.get(id=leases[0].run_id).log_lines.get().message


def test_slots_come_back_with_the_end_of_the_attempt(experiment):
    here = add_node("cpu-1", slots=1)
    add_queued(experiment)
    lease = claim_next(here)
    add_queued(experiment)
    assert claim_next(here) is None and slots.free_slots(here) == []
    lifecycle.finish(lease)
    assert slots.free_slots(here) == [0]
    assert claim_next(here, busy=[0]) is None
    assert claim_next(here) is not None


@pytest.mark.parametrize("away", ["draining", "silent", "left", "forgotten"])
def test_a_node_that_is_not_open_takes_nothing(experiment, away):
    here = add_node("cpu-1")
    add_queued(experiment)
    if away == "draining":
        Node.objects.update(draining_at=Now())
    elif away == "left":
        Node.objects.update(left_at=Now())
    elif away == "silent":
        silence(here, 3600)
    else:
        Node.objects.filter(id=here.id).delete()
    assert claim_next(here) is None


def test_what_waits_for_something_else_is_not_taken(experiment):
    here = add_node("cpu-1")
    add_queued(experiment, is_reported=True)
    add_queued(experiment, awaits_preflight=True)
    assert claim_next(here) is None


def test_the_team_that_used_less_in_the_last_day_goes_first(experiment, elsewhere):
    here = add_node("cpu-1", slots=4)
    for theirs, hours in ((experiment, 30), (elsewhere, 26)):
        ended = add_running(theirs, here, [0], state="finished")
        began = Now() - timedelta(hours=hours)
        Attempt.objects.filter(run=ended).update(outcome=AttemptOutcome.FINISHED, started_at=began)
    Attempt.objects.filter(run__experiment=experiment).update(ended_at=Now() - timedelta(hours=1))
    # Most of what the other did is longer ago than a day.
    Attempt.objects.filter(run__experiment=elsewhere).update(ended_at=Now() - timedelta(hours=22))
    shares = snapshot.team_shares()
    hours = {team: round(shares[team.team_id].recent / 3600) for team in (experiment, elsewhere)}
    assert hours == {experiment: 23, elsewhere: 2}
    first, second = add_queued(experiment), add_queued(elsewhere)
    assert [claim_next(here).run_id for _ in range(2)] == [second.id, first.id]


def test_a_quota_counts_all_nodes(experiment, elsewhere):
    here, there = add_node("cpu-1", slots=4), add_node("cpu-2", slots=4)
    services.set_quota(None, experiment.team, 3)
    add_running(experiment, there, [0, 1])
    add_queued(experiment, num_gpus=2)
    theirs = add_queued(elsewhere, num_gpus=2)
    small = add_queued(experiment, num_gpus=1)
    assert [lease and lease.run_id for lease in (claim_next(here), claim_next(here), claim_next(here))] == [
        theirs.id,
        small.id,
        None,
    ]


def test_a_model_that_wants_a_gpu_waits_for_one(experiment):
    processors = add_node("cpu-1")
    config = {"model": {"source": "stabilityai/stable-diffusion-3.5-medium"}}
    run = add_queued(experiment, config=config)
    card = add_node("gpu-1", slots=1, with_gpus=True)
    assert claim_next(processors) is None
    assert claim_next(card).run_id == run.id


def test_a_run_that_comes_back_keeps_its_place(experiment):
    here = add_node("cpu-1", slots=1)
    first, _ = add_queued(experiment), add_queued(experiment)
    lease = claim_next(here)
    lifecycle.requeue(lease, LOST)
    assert lease.run_id == first.id == claim_next(here).run_id


def test_small_runs_wait_once_a_big_one_has_waited_long(experiment):
    here = add_node("gpu-1", slots=2, with_gpus=True)
    ending = add_running(experiment, here, [0])
    big, small = add_queued(experiment, num_gpus=2), add_queued(experiment)
    Run.objects.filter(id=big.id).update(created_at=Now() - timedelta(hours=1))
    assert claim_next(here) is None
    Attempt.objects.filter(run=ending).update(outcome=AttemptOutcome.FINISHED)
    assert claim_next(here).run_id == big.id
    Attempt.objects.filter(run=big).update(outcome=AttemptOutcome.FINISHED)
    assert claim_next(here).run_id == small.id


def test_the_number_of_queries_does_not_grow(experiment):
    here = add_node("cpu-1", slots=50)
    add_queued(experiment)
    with CaptureQueriesContext(connection) as of_one:
        assert claim_next(here)
    for number in range(30):
        add_queued(experiment)
        add_running(experiment, here, [number + 10])
    with CaptureQueriesContext(connection) as of_many:
        assert claim_next(here)
    assert len(of_many) == len(of_one)


@pytest.mark.django_db(transaction=True)
def test_of_many_nodes_at_once_each_run_goes_to_one_and_the_quota_holds(experiment):
    services.set_quota(None, experiment.team, 4)
    nodes = [add_node(f"cpu-{number}") for number in range(8)]
    for _ in range(12):
        add_queued(experiment)
    at_once, leases = threading.Barrier(8), []

    def race(node: Node) -> None:
        at_once.wait()
        leases.extend([claim_next(node), claim_next(node)])
        connection.close()

    threads = [threading.Thread(target=race, args=[node]) for node in nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = [lease.run_id for lease in leases if lease]
    assert len(taken) == len(set(taken)) == Attempt.objects.count() == 4


@pytest.mark.django_db(transaction=True)
def test_a_row_that_somebody_holds_locked_does_not_hold_up_the_rest(experiment):
    here = add_node("cpu-1")
    stuck, other = add_queued(experiment), add_queued(experiment)
    address = django_settings.DATABASE_URL.rpartition("/")[0] + "/" + connection.settings_dict["NAME"]
    with psycopg.connect(address) as session:
        session.execute("SELECT 1 FROM runs_run WHERE id = %s FOR UPDATE", [stuck.id])
        assert claim_next(here).run_id == other.id
        assert claim_next(here) is None
    assert claim_next(here).run_id == stuck.id


def test_a_run_is_wanted_where_only_a_lent_gpu_is_missing(lab):
    here = add_node("gpu-1", slots=2, with_gpus=True)
    lent = slots.take_while_free(here, "playground")
    assert not would_take(here, lent.gpus)
    add_queued(lab.experiment, num_gpus=2)
    assert claim_next(here) is None and would_take(here, lent.gpus)
    assert not would_take(here, lent.gpus, busy=[1]) and not would_take(here, [])
    slots.give_back(lent)
    assert claim_next(here).gpus == (0, 1)
