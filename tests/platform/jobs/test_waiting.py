import pytest

from jobs.models import Job
from jobs.waiting import why_it_waits
from tests.platform.fleet.machines import add_node, add_running, silence
from tests.platform.jobs.laboratory import queue


def test_without_a_worker_it_says_how_to_start_one(job):
    assert "No worker takes work now" in why_it_waits(job)
    silence(add_node("gone"), 1000)
    assert "No worker takes work now" in why_it_waits(job)


def test_its_place_in_line(job, lab):
    add_node("node")
    second, third = queue(lab), queue(lab)
    assert why_it_waits(job).startswith("First in line")
    assert [why_it_waits(one) for one in (second, third)] == ["1 job before it.", "2 jobs before it."]


@pytest.mark.parametrize(("seconds", "when"), [(600.0, ", in about 10 min."), (None, "comes free.")])
def test_a_gpu_that_a_run_holds(job, lab, seconds, when):
    node = add_node("gpus", slots=1, with_gpus=True)
    Job.objects.update(needs_gpu=True)
    job.refresh_from_db()
    assert why_it_waits(job).startswith("First in line")
    add_running(lab.experiment, node, [0], seconds_left=seconds)
    assert "others hold them all" in why_it_waits(job) and why_it_waits(job).endswith(when)


def test_a_node_with_gpus_that_does_not_answer(job):
    silence(add_node("gpus", with_gpus=True), 1000)
    add_node("node")
    Job.objects.update(needs_gpu=True)
    job.refresh_from_db()
    assert why_it_waits(job) == "It needs a GPU, and no node that has one takes work now."
