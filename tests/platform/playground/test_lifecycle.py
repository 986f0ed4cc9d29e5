"""The life of a sheet: turns, fairness, fencing, what dies."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from fleet.models import Node
from playground import lifecycle
from playground.models import Sheet, SheetState
from runs.lifecycle import LeaseLost
from tests.platform.fleet.machines import add_node
from tests.platform.lab import add_run
from tests.platform.playground.studio import ask, serve

pytestmark = pytest.mark.django_db


@pytest.fixture
def painter(lab):
    return add_run(lab.experiment, "painter")


@pytest.fixture
def here(db) -> Node:
    return add_node("here")


def line(node: Node, is_warm: bool = True) -> list[Sheet]:
    return list(lifecycle.waiting_for(node, is_warm))


def age(sheet: Sheet, **values) -> None:
    Sheet.objects.filter(id=sheet.id).update(**{name: Now() - timedelta(seconds=by) for name, by in values.items()})


def test_people_take_turns_and_each_is_served_in_order(lab, painter, here):
    large = ask(lab.member, painter, seeds=tuple(range(1, 9)))
    second = ask(lab.member, painter, prompt="second")
    theirs = ask(lab.owner, painter, prompt="theirs")
    assert line(here) == [large, second, theirs]
    assert len(serve(large)) == 4 and large.state == SheetState.WAITING
    assert line(here) == [theirs, large, second]
    serve(theirs)
    assert theirs.state == SheetState.DONE and line(here) == [large, second]
    assert len(serve(large)) == 8 and large.state == SheetState.DONE and line(here) == [second]


def test_exactly_one_gets_a_sheet(lab, painter):
    sheet = ask(lab.member, painter)
    assert lifecycle.claim(sheet.id, "one") is not None
    assert lifecycle.claim(sheet.id, "two") is None


def test_who_has_lost_a_sheet_writes_nothing(lab, painter):
    sheet = ask(lab.member, painter)
    lease = lifecycle.claim(sheet.id, "one")
    lifecycle.hand_back(lease)
    newer = lifecycle.claim(sheet.id, "two")
    for act in (
        lambda: lifecycle.renew(lease),
        lambda: lifecycle.wishes(lease),
        lambda: lifecycle.store(lease, 0, "a.png"),
        lambda: lifecycle.end_turn(lease),
        lambda: lifecycle.fail(lease, "it", "broke"),
        lambda: lifecycle.lose(lease, "it died"),
    ):
        with pytest.raises(LeaseLost):
            act()
    lifecycle.store(newer, 0, "a.png")
    assert lifecycle.places_left(sheet) == [1] and not lifecycle.wishes(newer).cancel


def test_a_lease_that_ran_out_costs_a_try_and_the_second_one_fails(lab, painter, monkeypatch):
    sheet = ask(lab.member, painter)
    lifecycle.claim(sheet.id, "one")
    assert lifecycle.reap() == 0
    monkeypatch.setattr(lifecycle, "LEASE", timedelta(0))
    age(sheet, lease_expires_at=5)
    assert lifecycle.reap() == 1
    sheet.refresh_from_db()
    assert (sheet.state, sheet.num_lost, sheet.lease_token) == (SheetState.WAITING, 1, None)
    lifecycle.lose(lifecycle.claim(sheet.id, "two"), "Killed.")
    sheet.refresh_from_db()
    assert sheet.state == SheetState.FAILED and sheet.error == "The drawing process died 2 times. Killed."
    assert sheet.ended_at and sheet.hint


def test_what_a_worker_left_behind_is_drawn_again(lab, painter):
    mine, other = ask(lab.member, painter), ask(lab.owner, painter, prompt="other")
    lifecycle.claim(mine.id, "node-1")
    lifecycle.claim(other.id, "node-2")
    lifecycle.abandon_all("node-1", "gone")
    assert set(Sheet.objects.values_list("state", "num_lost")) == {("waiting", 1), ("drawing", 0)}


def test_one_that_waits_is_cancelled_at_once_and_one_at_work_by_its_worker(lab, painter):
    sheet = ask(lab.member, painter)
    assert lifecycle.request_cancel(sheet) and not lifecycle.request_cancel(sheet)
    sheet.refresh_from_db()
    assert sheet.state == SheetState.CANCELLED
    at_work = ask(lab.member, painter, prompt="other")
    lease = lifecycle.claim(at_work.id, "one")
    assert lifecycle.request_cancel(at_work) and lifecycle.wishes(lease).cancel
    lifecycle.hand_back(lease)
    at_work.refresh_from_db()
    assert at_work.state == SheetState.CANCELLED


def test_a_node_without_a_gpu_leaves_large_models_to_those_that_have_one(lab, here):
    large = add_run(lab.experiment, "large", config={"model": {"source": "large"}, "evaluation": {}})
    sheet = ask(lab.member, large)
    assert line(here) == [sheet]
    gpus = add_node("gpus", with_gpus=True)
    assert line(here) == [] and line(gpus) == [sheet]


def test_a_node_that_would_have_to_start_a_process_lets_the_others_be_first(lab, painter, here):
    sheet = ask(lab.member, painter)
    assert line(here, is_warm=False) == [sheet]
    add_node("there")
    assert line(here, is_warm=False) == [] and line(here, is_warm=True) == [sheet]
    age(sheet, waiting_since=1)
    assert line(here, is_warm=False) == [sheet]


def test_a_picture_is_of_its_policy_and_expires(lab, painter):
    first, second = serve(ask(lab.member, painter, seeds=(5, 6), num_steps=9, guidance_scale=2.0))
    assert (first.seed, second.seed, second.run, second.team) == (5, 6, painter, lab.team)
    assert (second.num_steps, second.guidance_scale, second.created_by) == (9, 2.0, lab.member)
    assert timedelta(hours=23) < second.expires_at - timezone.now() <= lifecycle.KEPT_FOR
