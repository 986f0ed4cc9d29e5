import pytest

from flowdppo_engine import events
from jobs import ingest, lifecycle
from jobs.lifecycle import LeaseLost
from jobs.selectors import samples_of, scored_of
from runs.ingest import Batch
from tests.platform.jobs.laboratory import samples, scored


@pytest.fixture
def lease(job):
    return lifecycle.claim(job.id, "node-1")


def test_results_and_progress_come_home_with_their_place_in_the_file(job, lease):
    phase = events.Phase(phase="evaluate", done=2, total=4, unit="pictures", seconds_left=3.5)
    ingest.store(lease, Batch([events.Phase(phase="load", done=0, total=1, unit="models"), samples(), phase], 0, 100))
    ingest.store(lease, Batch([scored()], 100, 150))
    job.refresh_from_db()
    assert [sample.index for sample in samples_of(job)] == [0, 1] and scored_of(job).totals == [0.2, 0.8]
    assert (job.phase, job.phase_done, job.phase_total, job.phase_unit) == ("evaluate", 2, 4, "pictures")
    assert (job.seconds_left, job.event_offset) == (3.5, 150)


def test_a_batch_is_stored_once(job, lease):
    batch = Batch([samples()], 0, 100)
    ingest.store(lease, batch)
    with pytest.raises(LeaseLost):
        ingest.store(lease, batch)
    job.refresh_from_db()
    assert len(samples_of(job)) == 2


def test_without_its_lease_nothing_is_stored(job, lease):
    lifecycle.requeue(lease, "It was lost.")
    with pytest.raises(LeaseLost):
        ingest.store(lease, Batch([samples()], 0, 100))
    job.refresh_from_db()
    assert job.result == {}


def test_what_only_says_how_it_went_is_not_kept_and_a_long_log_is_cut():
    log = [events.Log(level="info", message=str(number)) for number in range(250)]
    said = [events.Finished(iteration=0, step=0), events.UnknownEvent(type="new"), *log]
    result = ingest.merge({"log": [{"level": "info", "message": "first"}]}, said)
    assert result.keys() == {"log"} and len(result["log"]) == 200
    assert result["log"][-1] == {"level": "info", "message": "249"}


def test_numbers_that_json_does_not_have_are_texts():
    result = ingest.merge({}, [samples({"a": float("nan")})])
    assert result["samples"][0]["samples"][0]["rewards"] == {"a": "NaN"}
