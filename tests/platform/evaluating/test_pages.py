"""The form, the page of an evaluation, and where evaluations are listed."""

import csv
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from evaluating import services
from jobs import lifecycle
from jobs.models import Job, JobState
from tests.platform.evaluating.addresses import FORM
from tests.platform.evaluating.laboratory import REWARD, SETS, drawn, finish, make_run, queue, store, verdict


@pytest.fixture
def member(client, lab):
    client.force_login(lab.member)
    return client


@pytest.fixture
def trained(lab):
    """A run with two checkpoints whose files are kept, and one whose files are gone."""
    run, checkpoints = make_run(lab, 20, 40, 60)
    type(checkpoints[0]).objects.filter(id=checkpoints[0].id).update(removed=True)
    return run, checkpoints


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def test_the_form_offers_what_is_kept_with_all_of_it_ticked(member, trained):
    run, checkpoints = trained
    page = text_of(member.get(reverse("run_evaluate", args=[run.id])))
    assert "Iteration 20" not in page and page.count('name="checkpoints"') == 2
    assert page.count("checked") == 4 and all(name in page for name in SETS)
    assert "sandbox:train (it trains on these)" in page
    # Two sets of as many prompts as the run evaluates on, by the base model and two checkpoints.
    assert "<strong>1,536 pictures</strong>" in page and "is not known" in page


def test_from_a_checkpoint_that_one_alone_is_ticked(member, trained):
    run, checkpoints = trained
    page = text_of(member.get(reverse("run_evaluate", args=[run.id]) + f"?checkpoint={checkpoints[2].id}"))
    assert page.count("checked") == 3 and f'value="{checkpoints[2].id}" id="id_checkpoints_1" checked' in page


def test_what_it_takes_follows_the_form(member, trained):
    run, checkpoints = trained
    address = reverse("run_evaluate_cost", args=[run.id])
    cost = text_of(member.post(address, FORM | {"checkpoints": str(checkpoints[1].id), "images_per_prompt": "3"}))
    assert "<strong>12 pictures</strong>: 2 prompts, 3 of each, by 2 policies." in cost
    assert "Once the form is right" in text_of(member.post(address, FORM | {"num_prompts": "0"}))


def test_what_is_sent_is_queued(member, trained):
    run, checkpoints = trained
    form = FORM | {"checkpoints": [str(checkpoints[1].id)], "images_per_prompt": "2", "first_seed": "7"}
    response = member.post(reverse("run_evaluate", args=[run.id]), form)
    job = Job.objects.get()
    assert response.url == reverse("evaluation", args=[job.id]) == member.get(reverse("job", args=[job.id])).url
    assert job.payload["seeds"] == [7, 8] and job.name == f"Evaluation of {run.name} at 40"
    assert "Evaluation of" in text_of(member.get(response.url))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prompt_sets": []}, "Choose at least one."),
        ({"checkpoints": ["999999"]}, "is not one of the available choices"),
        ({"num_prompts": "9999999"}, "less than or equal to 5000"),
    ],
)
def test_what_does_not_fit_comes_back_with_words(member, trained, changes, message):
    response = member.post(reverse("run_evaluate", args=[trained[0].id]), FORM | changes)
    assert response.status_code == 422 and message in text_of(response) and not Job.objects.exists()


def test_too_many_pictures_are_refused_in_the_form(member, trained, monkeypatch):
    monkeypatch.setattr(services, "MAX_PICTURES", 1)
    response = member.post(reverse("run_evaluate", args=[trained[0].id]), FORM)
    assert response.status_code == 422 and "That makes 2 pictures" in text_of(response)


def test_the_page_has_tables_a_picture_and_ways_on(member, trained, lab):
    run, checkpoints = trained
    job = finish(queue(lab, run, *checkpoints[1:]))
    page = text_of(member.get(reverse("evaluation", args=[job.id])))
    assert page.count('<table class="rows scores">') == 4 and page.count("1 more score<") == 2 and "<polyline" in page
    assert "0.900 <span" in page and "+0.400" in page and "delta better" in page
    refs = f"{run.id}%400%2C{run.id}%4040%2C{run.id}%4060"
    assert f"/samples/?policies={refs}" in page and f"/compare/?policies={refs}" in page
    assert "Once more" in page and "hx-trigger" not in page


def test_while_it_works_the_page_shows_how_far_it_is_and_what_is_there(member, trained, lab):
    run, checkpoints = trained
    job = queue(lab, run, checkpoints[2])
    assert "No worker takes work now" in text_of(member.get(reverse("evaluation", args=[job.id])))
    lease = store(job, drawn(0), verdict(0))
    Job.objects.filter(id=job.id).update(
        phase="evaluate", phase_done=4, phase_total=24, phase_unit="pictures", seconds_left=90
    )
    page = text_of(member.get(reverse("evaluation_status", args=[job.id])))
    assert "drawing and scoring" in page and "4 of 24 pictures" in page and "about 1 min left" in page
    assert page.count('<table class="rows scores">') == 1 and "<polyline" not in page
    lifecycle.requeue(lease, "It died.")
    assert "It goes on where it ended." in text_of(member.get(reverse("evaluation", args=[job.id])))


def test_one_that_failed_can_go_on(member, trained, lab):
    job = queue(lab, trained[0])
    lifecycle.fail(store(job, drawn(0)), "It broke.", "Mend it.")
    page = text_of(member.get(reverse("evaluation", args=[job.id])))
    assert "It broke." in page and "Go on" in page and "Once more" not in page
    member.post(reverse("evaluation_go_on", args=[job.id]))
    job.refresh_from_db()
    assert job.state == JobState.QUEUED


def test_viewers_are_offered_nothing_to_do(client, lab, trained):
    client.force_login(lab.viewer)
    job = finish(queue(lab, trained[0]))
    assert "Once more" not in text_of(client.get(reverse("evaluation", args=[job.id])))
    page = text_of(client.get(reverse("run", args=[trained[0].id])))
    assert reverse("run_evaluate", args=[trained[0].id]) not in page
    assert reverse("evaluation", args=[job.id]) in page


def test_runs_and_experiments_list_what_was_asked_for(member, trained, lab):
    run, checkpoints = trained
    page = text_of(member.get(reverse("run", args=[run.id])))
    assert f"{reverse('run_evaluate', args=[run.id])}?checkpoint={checkpoints[1].id}" in page
    job = finish(queue(lab, run, *checkpoints[1:]))
    for address in (reverse("run", args=[run.id]), reverse("experiment", args=[run.experiment_id])):
        assert reverse("evaluation", args=[job.id]) in text_of(member.get(address))


def test_the_file_can_be_fetched(member, trained, lab):
    job = finish(queue(lab, trained[0]))
    response = member.get(reverse("evaluation_csv", args=[job.id]))
    lines = list(csv.DictReader(io.StringIO(response.content.decode())))
    assert response["Content-Type"].startswith("text/csv") and f"evaluation-{job.id}.csv" in response.headers[
        "Content-Disposition"
    ]  # fmt: skip
    assert {line["score"] for line in lines} >= {REWARD, "drift/kl_nats"}


def test_lists_ask_no_more_as_they_grow(member, trained, lab):
    run, _ = trained
    addresses = [reverse("run", args=[run.id]), reverse("experiment", args=[run.experiment_id])]

    def num_queries() -> list[int]:
        counts = []
        for address in addresses:
            with CaptureQueriesContext(connection) as queries:
                member.get(address)
            counts.append(len(queries))
        return counts

    finish(queue(lab, run))
    before = num_queries()
    for _ in range(3):
        finish(queue(lab, run))
    assert num_queries() == before
