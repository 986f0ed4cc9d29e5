"""From the form to a sweep and its page."""

import re
import uuid

import pytest
from django.urls import reverse

from runs.models import Run
from sweeps.models import Sweep
from tests.platform.forms import fields_of
from tests.platform.sweeps.conftest import RATES


@pytest.fixture
def fields(member, lab) -> dict[str, list[str]]:
    page = member.get(reverse("run_new", args=[lab.experiment.id])).text
    return fields_of(page) | {"axes": ["optimizer.lr: 1e-5, 1e-4"], "seeds": ["0 to 2"], "name": ["Rates"]}


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def send(member, lab, step: str, fields):
    return member.post(reverse(f"sweep_{step}", args=[lab.experiment.id]), fields)


def test_the_form_tells_what_the_sweep_will_be(member, lab, fields):
    text = words(send(member, lab, "preview", fields).text)
    assert text.startswith("6 runs (2 × 3 seeds) : how long it takes is not known")
    bad = words(send(member, lab, "preview", fields | {"axes": ["lora.rank: 8, 9999"]}).text)
    assert "1 of 2 combinations cannot run: Rank 9999 “9999” does not fit: give a whole number from 1 to 512." in bad
    assert "Line 1: There is no knob a" in words(send(member, lab, "preview", fields | {"axes": ["a: 1"]}).text)
    assert words(send(member, lab, "preview", fields | {"axes": [""], "seeds": [""]}).text) == ""
    wrong = words(send(member, lab, "preview", fields | {"config.seed": ["many"]}).text)
    assert wrong == "Put the form right first: the list beside it says what."


def test_it_is_reviewed_then_queued_once(member, lab, fields):
    review = send(member, lab, "review", fields)
    text = words(review.text)
    assert "Review the sweep “Rates”" in text and "Runs 6 (2 × 3 seeds)" in text and "Submit 6 runs" in text
    assert not Sweep.objects.exists()
    sent = fields_of(review.text)
    answers = [send(member, lab, "new", sent) for _ in range(2)]
    sweep = Sweep.objects.get()
    assert {answer["Location"] for answer in answers} == {reverse("sweep", args=[sweep.id])}
    assert (sweep.name, sweep.seeds, sweep.members.count()) == ("Rates", [0, 1, 2], 6)
    assert sweep.axes == [{"knob": "optimizer.lr", "values": [1e-5, 1e-4]}]


@pytest.mark.parametrize(
    ("wish", "hours", "tried"), [("always", 0.1, 2), ("never", 9, 0), ("if_long", 9, 2), ("if_long", 0.1, 0)]
)
def test_first_steps_are_tried_as_the_form_says(wish, hours, tried, member, lab, fields, monkeypatch):
    monkeypatch.setattr("sweeps.plans._gpu_hours", lambda team, passes, num_seeds: 6 * hours)
    review = send(member, lab, "review", fields | {"try_first": [wish]})
    assert ("tried for each combination" in review.text) == bool(tried)
    send(member, lab, "new", fields_of(review.text))
    assert Run.objects.filter(awaits_preflight=True).count() == tried


def test_an_unknown_speed_counts_as_long_for_a_real_model(member, lab, fields):
    assert "tried for each combination" not in send(member, lab, "review", fields).text
    real = fields | {"config.model.source": ["owner/model"]}
    assert "tried for each combination" in send(member, lab, "review", real).text


def test_a_review_leads_back_to_the_form_as_it_was(member, lab, fields):
    sent = fields_of(send(member, lab, "review", fields).text)
    page = member.post(reverse("run_new", args=[lab.experiment.id]), sent | {"restore": ["form"]}).text
    assert fields_of(page) == fields


def test_combinations_that_cannot_run_are_not_queued(member, lab, fields):
    review = send(member, lab, "review", fields | {"axes": ["lora.rank: 8, 9999"]})
    text = words(review.text)
    assert "1 of 2 combinations cannot run." in text and "Cannot run. “9999” does not fit" in text
    assert "Submit 6 runs" not in text
    assert send(member, lab, "new", fields_of(review.text)).status_code == 422
    assert not Sweep.objects.exists()


def test_what_describes_no_sweep_comes_back_with_the_form(member, lab, fields):
    page = send(member, lab, "review", fields | {"axes": ["lora.rnak: 8"], "config.seed": ["5"]})
    assert page.status_code == 422
    assert "Line 1: There is no knob lora.rnak" in words(page.text)
    assert fields_of(page.text)["config.seed"] == ["5"]
    empty = send(member, lab, "review", fields | {"axes": [""], "seeds": [""]})
    assert "Nothing varies: give a knob some values, or more than one seed." in words(empty.text)
    many = send(member, lab, "review", fields | {"axes": ["lora.rank: 1 to 100 in 100"], "seeds": ["0 to 9"]})
    assert "100 × 10 seeds make 1,000 runs: a sweep has at most 500." in words(many.text)


def test_gpus_that_could_never_be_had_are_refused(member, lab, fields):
    page = send(member, lab, "review", fields | {"num_gpus": ["7"]})
    assert page.status_code == 422 and "cannot be divided by 7" in words(page.text)


def test_the_page_compares_points(member, lab, sweep, scored):
    address = reverse("sweep", args=[sweep.id])
    waiting = member.get(address).text
    assert "hx-get" in waiting and "data-sweep-picture" not in waiting
    for member_run in sweep.members.select_related("run"):
        scored(member_run.run, 0.4 + 0.4 * member_run.place + 0.01 * member_run.seed)
    page = member.get(address).text
    text = words(page)
    assert "0.805 ± 0.064 n=2" in text and "best" in text and "4 of 4 runs finished" in text
    assert "data-sweep-picture" in page and "hx-get" not in page.split('id="sweep-results"')[1].split(">")[0]
    measure = "score/sandbox:in_domain/sandbox_soft_tifa"
    assert "sandbox soft tifa on in domain" in words(member.get(address, {"measure": measure}).text)
    assert member.get(address, {"measure": "nonsense"}).status_code == 200


def test_seeds_are_added_and_runs_cancelled(member, lab, sweep):
    seeds = reverse("sweep_seeds", args=[sweep.id])
    assert member.post(seeds, {"seeds": "2 to 3"}).status_code == 302
    assert sweep.members.count() == 8
    assert "4 runs are queued." in member.get(reverse("sweep", args=[sweep.id])).text
    wrong = member.post(seeds, {"seeds": "many"})
    assert wrong.status_code == 422 and "“many” is no seed" in wrong.text
    assert "Empty: give seeds" in member.post(seeds, {"seeds": " "}).text
    member.post(reverse("sweep_cancel", args=[sweep.id]))
    assert set(Run.objects.filter(sweep_run__sweep=sweep).values_list("state", flat=True)) == {"cancelled"}


def test_a_run_leads_to_its_sweep(member, sweep):
    run = sweep.members.first().run
    assert reverse("sweep", args=[sweep.id]) in member.get(reverse("run", args=[run.id])).text


def test_the_list_has_pages(member, lab, make, monkeypatch):
    monkeypatch.setattr("sweeps.views.PAGE_SIZE", 2)
    address = reverse("sweeps", args=[lab.experiment.id])
    assert "No sweeps yet" in words(member.get(address).text)
    made = [make([RATES], [seed]) for seed in range(3)]
    first = member.get(address).text
    assert [str(sweep.id) in first for sweep in made] == [False, False, True] or str(made[0].id) not in first
    assert f"?before={made[1].id}" in first
    older = member.get(address, {"before": str(made[1].id)}).text
    assert reverse("sweep", args=[made[0].id]) in older and reverse("sweep", args=[made[2].id]) not in older
    assert member.get(address, {"before": str(uuid.uuid4())}).status_code == 200
