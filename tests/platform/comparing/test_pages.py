"""The pages of comparisons, without scripts."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from comparing.links import address_of_runs
from comparing.looking import Looking
from comparing.models import Comparison
from comparing.services import save_comparison
from pictures.policies import PolicyRef
from pictures.refs import ref_of
from runs.models import Experiment, Run
from tests.platform.lab import Lab, add_checkpoint, add_run, add_sample

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(lab: Lab) -> Run:
    run = add_run(lab.experiment, "first", iteration=8)
    for iteration, score in ((0, 0.25), (8, 0.75)):
        add_sample(run, iteration, prompt="a <circle>", rewards={"soft": score})
    return run


def query_of(run: Run, *iterations: int, **values) -> str:
    return Looking(policies=tuple(PolicyRef(run.id, at) for at in iterations), **values).query


def test_an_empty_page_says_how_to_begin(member: Client, lab, run):
    page = member.get(reverse("compare")).text
    assert "Nothing is compared yet" in page and "Add checkpoints below" in page
    assert f'value="{run.id}@0"' in page and f'value="{run.id}@8"' in page


def test_a_cell_has_score_sign_colour_and_an_alternative_text(member: Client, run):
    page = member.get(f"{reverse('compare')}?{query_of(run, 0, 11)}").text
    assert '<td class="above-4">' in page and "+0.500" in page
    assert "iteration 11, samples of 8" in page and "at 8" in page
    assert 'alt="a &lt;circle&gt;, seed 1, first at 8"' in page


def test_what_was_added_stands_beside_the_others(member: Client, run):
    response = member.get(f"{reverse('compare')}?{query_of(run, 0)}&add={run.id}@8&experiment=1&run={run.id}")
    assert response.status_code == 302 and response["Location"] == f"{reverse('compare')}?{query_of(run, 0, 8)}"


def test_fields_of_a_form_that_stand_there_several_times_are_lists(member: Client, run):
    response = member.get(f"{reverse('compare')}?policies={run.id}@0&policies={run.id}@8&seeds=1&seeds=7&score=")
    assert response.context["looking"] == Looking(
        policies=(PolicyRef(run.id, 0), PolicyRef(run.id, 8)), seeds=(1, 7)
    )  # fmt: skip


def test_an_address_that_cannot_be_read_says_why(member: Client, run):
    response = member.get(reverse("compare"), {"items": "s1,nothing"})
    assert response.status_code == 400 and "&#x27;nothing&#x27; names no picture: give s or d" in response.text


def test_what_is_not_there_is_counted(member: Client, run):
    sample = run.samples.first()
    page = member.get(reverse("compare"), {"items": f"{ref_of(sample)},s999999"}).text
    assert "1 picture is not there" in page and f"s{sample.id}" in page
    page = member.get(reverse("compare"), {"items": "s999999"}).text
    assert "None of these pictures is there." in page


def test_items_from_a_grid_know_their_neighbours(member: Client, run):
    sample = run.samples.get(iteration=8)
    content = member.get(f"{reverse('compare')}?{query_of(run, 0, 8, items=(ref_of(sample),))}").context["content"]
    base = run.samples.get(iteration=0)
    assert content.as_data()["prompts"] == [[[f"s{base.id}", f"s{sample.id}"]]]
    assert content.as_data()["more"] == reverse("compare_pictures")


def test_scripts_are_told_what_is_known_of_pictures(member: Client, run):
    sample = run.samples.get(iteration=8)
    answer = member.get(reverse("compare_pictures"), {"items": f"s{sample.id}"}).json()
    assert answer["items"] == [
        {
            "ref": f"s{sample.id}", "policy": "first at 8", "run": "first", "when": "at 8", "prompt": "a <circle>",
            "seed": "1", "scores": {"soft": 0.75}, "picture": f"/media/samples/{sample.id}/", "frames": "",
        }
    ]  # fmt: skip


def test_the_picker_follows_experiment_and_run(member: Client, lab, run):
    other = Experiment.objects.create(team=lab.team, name="Other")
    second = add_run(other, "second")
    add_checkpoint(second, 40)
    page = member.get(reverse("compare_picker"), {"experiment": other.id, "run": str(run.id)}).text
    assert f'value="{second.id}@40"' in page and f"{run.id}@" not in page
    page = member.get(reverse("compare_picker"), {"policies": f"{run.id}@8"}).text
    assert re.search(f'value="{run.id}@8" checked disabled', page)


def test_a_saved_comparison_is_opened_by_its_address(member: Client, lab, run):
    saved = save_comparison(lab.member, "Eight", "Sharper.", Looking(policies=(PolicyRef(run.id, 8),)))
    response = member.get(reverse("comparison", args=[saved.id]), follow=True)
    assert response.redirect_chain == [(f"{reverse('compare')}?{query_of(run, 8)}&saved={saved.id}", 302)]
    assert "Sharper." in response.text and response.context["is_as_saved"]
    changed = member.get(f"{reverse('compare')}?{query_of(run, 0, 8)}&saved={saved.id}")
    assert "this is not as it was saved" in changed.text
    # Whoever changes it step by step is still in the same one.
    assert changed.text.count(f"saved={saved.id}") >= 3
    assert f'name="saved" value="{saved.id}"' in changed.text


def test_what_cannot_be_saved_leads_back_with_the_reason(member: Client, run):
    asked = {"name": " ", "query": f"?{query_of(run, 8)}"}
    response = member.post(reverse("comparison_new"), asked, follow=True)
    assert response.redirect_chain[0][0] == f"{reverse('compare')}?{query_of(run, 8)}"
    assert "Nothing was saved. Name is empty" in response.text and not Comparison.objects.exists()
    assert "Nothing was saved. zoom = many" in member.post(
        reverse("comparison_new"), {"name": "x", "query": "zoom=many"}, follow=True
    ).text  # fmt: skip


def test_a_change_that_cannot_be_kept_keeps_what_was(member: Client, lab, run):
    saved = save_comparison(lab.member, "Eight", "", Looking(policies=(PolicyRef(run.id, 8),)))
    response = member.post(reverse("comparison_change", args=[saved.id]), {"name": ""}, follow=True)
    assert "Nothing was changed. Name is empty" in response.text
    saved.refresh_from_db()
    assert saved.name == "Eight"


def test_ticked_runs_are_compared_by_their_pictures(as_person, lab, run):
    other = add_run(lab.experiment, "second")
    asked = {"run": [str(run.id), str(other.id)], "deed": "compare-pictures"}
    response = as_person(lab.viewer).post(reverse("runs_bulk"), asked)
    assert response["Location"] == address_of_runs([other, run])
    assert response["Location"] == f"{reverse('compare')}?policies={other.id}@0,{run.id}@8"


def test_a_checkpoint_leads_to_its_comparison_with_the_base_model(member: Client, run):
    add_checkpoint(run, 8)
    page = member.get(reverse("run", args=[run.id])).text
    assert f'href="{reverse("compare")}?{query_of(run, 0, 8)}"' in page


def test_lists_make_as_many_queries_with_many_rows(member: Client, lab, run, django_assert_num_queries):
    looking = Looking(policies=(PolicyRef(run.id, 8),))
    save_comparison(lab.member, "one", "", looking)
    member.get(reverse("comparisons"))
    with CaptureQueriesContext(connection) as one:
        member.get(reverse("comparisons"))
    for number in range(8):
        save_comparison(lab.member, str(number), "", looking)
    with django_assert_num_queries(len(one)):
        page = member.get(reverse("comparisons")).text
    assert page.count("1 column") == 9
