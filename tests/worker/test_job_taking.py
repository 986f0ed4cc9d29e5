"""Which jobs a node takes, and what of it they hold meanwhile."""

import threading

import pytest

from fleet.models import Hold, Node
from fleet.scheduling import claim_next
from jobs import lifecycle
from jobs.models import Job, JobState
from teams.models import Team
from tests.platform.fleet.machines import add_node
from worker import job_supervisor
from worker.job_taking import JobTaking


class Taking:
    """Takes jobs whose work goes on until `let_go`, and ends as `finish` says."""

    def __init__(self, monkeypatch):
        self.devices = []
        self.let_go = threading.Event()
        self.ended = threading.Event()
        self.taking = JobTaking(self.ended, threading.Event())
        monkeypatch.setattr(job_supervisor, "see_through", self._work)

    def take(self, node: Node) -> None:
        self.taking.take_all(node, [])

    def end(self) -> None:
        self.let_go.set()
        self.taking.wait()

    def _work(self, lease, devices, shutting_down):
        self.devices.append(devices)
        self.let_go.wait()
        lifecycle.finish(lease)


@pytest.fixture
def taking(transactional_db, monkeypatch):
    taking = Taking(monkeypatch)
    yield taking
    taking.end()


@pytest.fixture
def ask(submit):
    team = Team.objects.get()
    return lambda needs_gpu=False: Job.objects.create(
        team=team, kind="score", name="job", payload={}, needs_gpu=needs_gpu
    )


def states() -> list[str]:
    return list(Job.objects.order_by("created_at").values_list("state", flat=True))


def test_a_job_takes_the_gpu_before_a_run_that_waits_for_it(taking, submit, ask):
    node = add_node("node", slots=1, with_gpus=True)
    submit()
    ask(needs_gpu=True)
    taking.take(node)
    assert claim_next(node) is None
    assert [hold.gpus for hold in Hold.objects.all()] == [[0]]
    taking.end()
    assert taking.devices[0].environment()["CUDA_VISIBLE_DEVICES"] == "0"
    assert taking.ended.is_set() and states() == [JobState.FINISHED]
    assert claim_next(node) is not None


def test_one_that_needs_no_gpu_sees_none_and_takes_none_from_runs(taking, submit, ask):
    node = add_node("node", slots=1, with_gpus=True)
    submit()
    ask()
    taking.take(node)
    assert claim_next(node) is not None
    taking.end()
    assert taking.devices[0].environment()["CUDA_VISIBLE_DEVICES"] == ""


def test_it_takes_no_more_than_it_has_places_for(taking, ask):
    node = add_node("node")
    for _ in range(node.job_slots + 1):
        ask()
    taking.take(node)
    assert states() == [*[JobState.RUNNING] * node.job_slots, JobState.QUEUED]
    taking.take(node)
    taking.end()
    assert states().count(JobState.QUEUED) == 1 and not Hold.objects.exists()


def test_what_is_wrong_with_jobs_keeps_no_run_waiting(taking, ask, monkeypatch, caplog):
    ask()
    monkeypatch.setattr(lifecycle, "claim", lambda *_: 1 / 0)
    taking.take(add_node("node"))
    assert "could not be looked at" in caplog.text and states() == [JobState.QUEUED]
    assert not Hold.objects.exists()
