import pytest

from flowdppo_engine.config import RunConfig
from flowdppo_engine.jobs.specs import PreflightJob, write_job
from flowdppo_engine.jobs.work import Pace, work
from flowdppo_engine.training.stopping import Stopped, StopRequest
from tests.flowdppo_engine.training.run_folder import read_events


@pytest.fixture
def folder(tmp_path):
    write_job(PreflightJob(config=RunConfig()), tmp_path)
    return tmp_path


def do(folder, action, stop=None):
    return work(folder, PreflightJob, action, stop=stop or StopRequest())


def test_a_job_that_is_stopped_says_nothing_and_can_be_started_again(folder):
    def stopped(job, desk):
        desk.reporter.log("info", "half")
        raise Stopped

    assert do(folder, stopped) == 143
    assert do(folder, lambda job, desk: None) == 0
    assert [event.type for event in read_events(folder)] == ["log", "finished"]


def test_a_stop_that_came_before_it_began(folder):
    stop = StopRequest()
    stop.is_set = True
    assert do(folder, lambda job, desk: pytest.fail("it began"), stop) == 143
    assert read_events(folder) == []


def test_a_failure_is_its_last_word(folder):
    def fail(job, desk):
        raise FileNotFoundError(2, "No such file", "prompts.txt")

    assert do(folder, fail) == 1
    (failed,) = read_events(folder)
    assert (failed.type, failed.hint) == ("failed", "The file prompts.txt is missing.")


def test_a_failed_job_may_be_started_again(folder):
    assert do(folder, lambda job, desk: 1 / 0) == 1
    assert do(folder, lambda job, desk: None) == 0
    assert [event.type for event in read_events(folder)] == ["failed", "finished"]


def test_the_time_left_follows_the_pace():
    now = [0.0]
    pace = Pace(10, clock=lambda: now[0])
    assert pace.after(0) is None
    pace.begin(2)
    now[0] = 6.0
    assert pace.after(2) is None
    assert pace.after(5) == pytest.approx(10.0)
    assert pace.after(10) == 0.0
