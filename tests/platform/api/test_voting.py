"""Votes through the API."""

import pytest

from tests.platform.api.conftest import API
from tests.platform.lab import add_run
from tests.platform.votes.ballot_box import add_drawings, add_vote, judge
from votes.models import Vote


def test_a_vote_starts_and_is_closed(lab, program, post):
    run = add_run(lab.experiment)
    add_drawings(run, (0, 40))
    body = {"name": "Which?", "policies": [f"{run.id}@0", f"{run.id}@40"], "num_pairs": 2}
    made = post("/votes", body)
    vote = Vote.objects.get()
    expected = {"id": str(vote.id), "name": "Which?", "team": "lab", "is_open": True, "num_pairs": 2, "num_own": 0}
    assert made.status_code == 201 and made.json().items() >= expected.items()
    assert program.get(f"{API}/votes").json()["items"] == [made.json()]
    closed = post(f"/votes/{vote.id}/close", {}).json()
    assert (closed["is_open"], closed["shows_results"]) == (False, True)
    assert program.delete(f"{API}/votes/{vote.id}").status_code == 204 and not Vote.objects.exists()


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"name": " "}, "name", "Empty: give the vote a name."),
        ({"policies": ["x"]}, "policies", "names no policy"),
        ({"num_pairs": 0}, "num_pairs", "give a whole number from 1 to 2000"),
        ({"seeds": [-1]}, "seeds", "is no seed"),
        ({"prompts": "other"}, "prompts", "is none of their prompt sets"),
    ],
)
def test_what_does_not_fit_is_told_by_its_field(lab, post, change, field, message):
    run = add_run(lab.experiment)
    add_drawings(run, (0, 40))
    body = {"name": "Which?", "policies": [f"{run.id}@0", f"{run.id}@40"]}
    answer = post("/votes", body | change)
    (problem,) = answer.json()["problems"]
    assert answer.status_code == 422 and problem["field"] == field and message in problem["message"]


def test_results_are_shown_to_whom_the_page_shows_them(lab, program, as_program):
    run = add_run(lab.experiment)
    vote = add_vote(lab, run)
    assert program.get(f"{API}/votes/{vote.id}").json()["results"] is None
    judge(lab.member, vote, 3)
    told = program.get(f"{API}/votes/{vote.id}").json()
    first, second = told["results"]["policies"]
    assert (first["policy"], second["policy"]) == (f"{run.id}@40", f"{run.id}@0")
    assert (first["num_won"], first["win_rate"]["value"], second["num_lost"]) == (3, 1.0, 3)
    assert first["strength"]["low"] < first["strength"]["value"] == -second["strength"]["value"]
    assert first["rewards"]["pictures/quality"]["value"] == pytest.approx(0.4)
    assert told["results"]["people"] == [{"person": lab.member.email, "num_ballots": 3, "agreement": None}]
    assert as_program(lab.viewer).get(f"{API}/votes/{vote.id}").json()["results"] is None


def test_policies_that_nobody_judged_have_no_strength(lab, program, post):
    vote = add_vote(lab)
    post(f"/votes/{vote.id}/close", {})
    results = program.get(f"{API}/votes/{vote.id}").json()["results"]
    assert [(one["strength"], one["win_rate"], one["group"]) for one in results["policies"]] == [
        (None, None, None)
    ] * 2


def test_a_vote_that_is_closed_twice_with_one_key_is_closed_once(lab, post):
    vote = add_vote(lab)
    first, second = (post(f"/votes/{vote.id}/close", {}, **{"Idempotency-Key": "close"}) for _ in range(2))
    assert (first.status_code, second["Idempotent-Replayed"]) == (200, "true") and first.json() == second.json()
