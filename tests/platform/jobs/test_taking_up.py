"""An evaluation's attempts: what one has told, the next one knows, and every picture is a row."""

import pytest

from flowdppo_engine import events
from jobs import ingest, lifecycle, services
from jobs.lifecycle import LeaseLost
from jobs.models import Job, JobState, Told
from pictures.models import Drawing
from runs.ingest import Batch
from runs.stored_files import OutsideRunFolder
from tests.platform.evaluating.laboratory import REWARD, SETS, drawn, make_run, queue, store, verdict


@pytest.fixture
def job(lab) -> Job:
    run, checkpoints = make_run(lab, 20)
    return queue(lab, run, *checkpoints)


def test_pictures_are_rows_of_their_policy_with_what_they_were_drawn_with(job, lab):
    store(job, drawn(0), drawn(20))
    base, trained = (Drawing.objects.filter(iteration=iteration) for iteration in (0, 20))
    assert [one.checkpoint for one in base] == [None, None]
    assert [one.checkpoint for one in trained] == [job.checkpoints.get()] * 2
    one = trained.first()
    assert (one.team, one.run, one.job, one.prompt_set) == (lab.team, job.run, job, SETS[0])
    assert (one.prompt, one.seed, one.num_steps, one.guidance_scale, one.kl) == ("a cat", 0, 4, 1.0, 2.0)
    assert one.rewards == {REWARD: 0.7} and one.path.startswith(f"jobs/{job.id}/attempt-1/pictures/20/")
    assert job.result == {}


def test_the_results_keep_means_and_not_the_values_of_each_prompt(job):
    store(job, verdict(0))
    (told,) = job.result["evaluation"]
    assert told["scores"][REWARD] == {"mean": 0.5, "low": 0.4, "high": 0.6}


def test_the_next_attempt_has_what_was_told_and_its_own_place_in_the_stream(job):
    lease = store(job, drawn(0), verdict(0))
    lifecycle.requeue(lease, "It died.")
    again = lifecycle.claim(job.id, "node-2")
    job.refresh_from_db()
    assert (job.event_offset, job.phase, len(job.result["evaluation"]), job.told.count()) == (0, "", 1, 2)
    assert [events.parse_event(told.line).type for told in job.told.all()] == ["drawn", "evaluation"]
    lifecycle.begin_at(again, 70)
    ingest.store(again, Batch([drawn(20)], 70, 100))
    assert Drawing.objects.filter(path__contains="attempt-1").count() == 2
    assert Drawing.objects.filter(path__contains="attempt-2").count() == 2
    with pytest.raises(LeaseLost):
        ingest.store(lease, Batch([drawn(20, first=2)], 100, 200))
    lifecycle.finish(again)
    assert not Told.objects.exists() and Drawing.objects.count() == 4


def test_only_deaths_in_a_row_are_too_many(job):
    for place in range(5):
        lease = lifecycle.claim(job.id, "node-1")
        ingest.store(lease, Batch([drawn(0, first=2 * place)], 0, 100))
        lifecycle.requeue(lease, "It died.")
        job.refresh_from_db()
        assert (job.state, job.num_lost) == (JobState.QUEUED, 1)
    for _ in range(2):
        lifecycle.requeue(lifecycle.claim(job.id, "node-1"), "It died.")
    job.refresh_from_db()
    assert job.state == JobState.FAILED and Told.objects.count() == 5


def test_what_failed_or_was_cancelled_can_go_on(job, lab):
    lifecycle.fail(store(job, drawn(0)), "It broke.", "Mend it.")
    services.go_on(lab.member, job)
    job.refresh_from_db()
    assert (job.state, job.error, job.hint, job.ended_at) == (JobState.QUEUED, "", "", None)
    assert job.told.count() == 1
    lifecycle.request_cancel(job)
    services.go_on(lab.member, job)
    job.refresh_from_db()
    assert (job.state, job.cancel_requested_at) == (JobState.QUEUED, None)
    lifecycle.finish(lifecycle.claim(job.id, "node-1"))
    services.go_on(lab.member, job)
    job.refresh_from_db()
    assert job.state == JobState.FINISHED


def test_once_more_is_a_job_of_its_own_with_the_same_checkpoints(job, lab):
    lifecycle.finish(store(job, drawn(0)))
    job.refresh_from_db()
    copy = services.again(lab.member, job)
    assert copy.id != job.id and copy.payload == job.payload and copy.run == job.run
    assert list(copy.checkpoints.all()) == list(job.checkpoints.all()) and not copy.told.exists()


def test_it_is_wanted_though_its_run_does_not_wait_for_it(job):
    lifecycle.reap()
    assert not lifecycle.wishes(lifecycle.claim(job.id, "node-1")).cancel


def test_a_picture_outside_the_jobs_folder_is_refused(job):
    event = drawn(0)
    strange = event.model_copy(update={"drawings": [event.drawings[0].model_copy(update={"path": "../../x.png"})]})
    with pytest.raises(OutsideRunFolder):
        store(job, strange)
    assert not Drawing.objects.exists()
