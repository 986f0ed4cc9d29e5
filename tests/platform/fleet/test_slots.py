"""Places for small jobs, beside runs."""

from fleet import registry, services, slots
from fleet.models import Hold
from tests.platform.fleet.machines import add_node, add_running, reading


def test_a_job_takes_a_place_of_its_own_and_a_gpu_where_it_needs_one(lab):
    here = add_node("gpu-1", slots=2, with_gpus=True)
    add_running(lab.experiment, here, [0])
    hold = slots.take_for_job(here, "dry run", needs_gpu=True)
    assert (hold.gpus, slots.free_slots(here)) == ([1], [])
    # The node has one place for jobs.
    assert slots.take_for_job(here, "another", needs_gpu=False) is None
    slots.give_back(hold)
    slots.give_back(hold)
    assert slots.free_slots(here) == [1]


def test_a_job_that_needs_a_gpu_waits_for_a_free_one(lab):
    here = add_node("gpu-1", slots=1, with_gpus=True)
    assert slots.take_for_job(here, "x", needs_gpu=True, busy=[0]) is None
    add_running(lab.experiment, here, [0])
    assert slots.take_for_job(here, "x", needs_gpu=True) is None
    assert slots.take_for_job(here, "x", needs_gpu=False).gpus == []


def test_without_gpus_a_job_takes_no_slot_of_runs(db):
    here = add_node("cpu-1", slots=1)
    assert slots.take_for_job(here, "x" * 500, needs_gpu=True).gpus == []
    assert slots.free_slots(here) == [0]


def test_a_node_that_drains_or_is_gone_takes_no_job(operator):
    here, gone = add_node("cpu-1"), add_node("cpu-2")
    services.drain(operator, here)
    gone.delete()
    assert slots.take_for_job(here, "x", needs_gpu=False) is None
    gone.id = 77
    assert slots.take_for_job(gone, "x", needs_gpu=False) is None


def test_holds_end_with_the_life_of_the_worker(db):
    here = add_node("cpu-1")
    slots.take_for_job(here, "x", needs_gpu=False)
    registry.register("cpu-1", "cpu-1", "0.1.0", [0], 1, reading())
    assert not Hold.objects.exists()


def test_a_gpu_that_is_lent_takes_no_jobs_place_and_none_that_is_in_use(lab):
    here = add_node("gpu-1", slots=2, with_gpus=True)
    add_running(lab.experiment, here, [0])
    lent = slots.take_while_free(here, "playground")
    assert (lent.gpus, lent.yields) == ([1], True) and slots.free_slots(here) == []
    assert slots.take_while_free(here, "another") is None
    assert slots.has_job_slot(here) and slots.take_for_job(here, "x", needs_gpu=False).gpus == []
    assert not slots.has_job_slot(here)
    slots.give_back(lent)
    assert slots.take_while_free(here, "busy by now", busy=[1]) is None


def test_nothing_is_lent_by_a_node_that_drains_or_has_no_gpu(operator):
    assert slots.take_while_free(add_node("cpu-1"), "x") is None
    here = add_node("gpu-1", with_gpus=True)
    services.drain(operator, here)
    assert slots.take_while_free(here, "x") is None
