"""The pages of votes, without a browser."""

import re

import pytest
from django.urls import reverse

from tests.platform.lab import add_checkpoint, add_run, add_sample
from tests.platform.votes.ballot_box import add_drawings, add_vote, judge
from votes import services
from votes.models import Vote

pytestmark = pytest.mark.django_db


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_a_vote_starts_from_a_link(lab, member):
    run = add_run(lab.experiment, "mine")
    add_drawings(run, (0, 40))
    link = f"{reverse('vote_new')}?policies={run.id}@0,{run.id}@40"
    page = member.get(link).text
    assert page.count("checked") == 2 and "3 pairs" in words(page) and "1 comparison " in words(page)
    sent = {"policies": [f"{run.id}@0", f"{run.id}@40"], "name": "Which?", "prompts": "", "most": "2"}
    answer = member.post(reverse("vote_new"), sent)
    vote = Vote.objects.get()
    assert answer["Location"] == reverse("vote", args=[vote.id])
    assert (vote.name, vote.team, vote.created_by, vote.pairs.count()) == ("Which?", lab.team, lab.member, 2)


def test_a_vote_may_be_on_some_seeds(lab, member):
    run = add_run(lab.experiment)
    add_drawings(run, (0, 40), seeds=(1, 2, 3))
    policies = f"{run.id}@0,{run.id}@40"
    assert "6 pairs" in words(member.get(reverse("vote_new"), {"policies": policies, "seeds": "2 to 3"}).text)
    member.post(reverse("vote_new"), {"policies": policies, "name": "Which?", "seeds": "3, 1", "most": "60"})
    vote = Vote.objects.get()
    assert vote.seeds == [3, 1] and set(vote.pairs.values_list("seed", flat=True)) == {1, 3}
    services.close_vote(lab.member, vote)
    assert "every picture in common, seeds 3, 1" in words(member.get(reverse("vote_results", args=[vote.id])).text)


def test_without_a_choice_it_offers_the_newest_runs_with_samples(lab, member, django_assert_max_num_queries):
    add_run(lab.experiment, "blank")
    for number in range(5):
        add_sample(add_run(lab.experiment, f"drawn-{number}"), 40)
    with django_assert_max_num_queries(14):
        page = member.get(reverse("vote_new")).text
    assert page.count('name="policies"') == 5 and "blank" not in page
    assert "Choose two policies or more" in page and 'role="alert"' not in page


def test_a_page_with_nothing_to_vote_on_says_what_to_do(lab, member):
    assert "No pictures yet" in member.get(reverse("vote_new")).text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"policies": []}, "0 chosen: a vote is between 2 to 8 policies."),
        ({"policies": ["{run}@0"]}, "1 chosen: a vote is between 2 to 8 policies."),
        ({"policies": ["x@1", "{run}@0"]}, "&#x27;x@1&#x27; names no policy"),
        ({"policies": ["{run}@0", "{theirs}@0"]}, "One of these policies is not there"),
        ({"policies": ["{run}@0", "{run}@7"]}, "No two of these policies have a picture of the same prompt and seed"),
        ({"name": ""}, "Empty: give the vote a name."),
        ({"most": "0"}, "It does not fit: give a whole number from 1 to 2000."),
        ({"most": "many"}, "It does not fit"),
        ({"seeds": "one"}, "Seeds: “one” is no seed: give whole numbers"),
        ({"seeds": "7"}, "No two of these policies have a picture"),
        ({"prompts": "other"}, "“other” is none of their prompt sets"),
    ],
)
def test_what_does_not_fit_is_told_with_its_remedy(lab, member, change, message):
    run, theirs = add_run(lab.experiment), lab.stranger.teams.get().experiments.get().runs.get()
    add_drawings(run, (0, 40))
    names = {"run": run.id, "theirs": theirs.id}
    sent = {"policies": ["{run}@0", "{run}@40"], "name": "Which?", "prompts": "", "most": "60"} | change
    sent["policies"] = [text.format(**names) for text in sent["policies"]]
    answer = member.post(reverse("vote_new"), sent)
    assert answer.status_code == 422 and message in answer.text and not Vote.objects.exists()


def test_a_link_may_say_anything(lab, member):
    for query in (
        "policies=x",
        "policies=" + "a@1," * 300,
        "most=" + "9" * 40,
        "seeds=%00,x",
        "prompts=%00",
        "runs=nothing",
    ):
        assert member.get(f"{reverse('vote_new')}?{query}").status_code == 200


def test_results_stay_hidden_until_the_person_has_judged_some(lab, as_person):
    run = add_run(lab.experiment, "the-secret-run")
    vote = add_vote(lab, run, seeds=range(4))
    judge(lab.member, vote, 12)
    viewer, address = as_person(lab.viewer), reverse("vote_results", args=[vote.id])
    page = viewer.get(address).text
    assert "Judge 10 more pairs first" in page and "the-secret-run" not in page
    judge(lab.viewer, vote, 10)
    page = viewer.get(address).text
    assert "the-secret-run at 40" in page and "100 %" in page


def test_a_closed_vote_shows_its_results_to_everybody_and_takes_no_more(lab, member, as_person):
    vote = add_vote(lab)
    judge(lab.owner, vote, 3, iteration=0)
    assert member.post(reverse("vote_close", args=[vote.id]))["Location"] == reverse("vote_results", args=[vote.id])
    viewer = as_person(lab.viewer)
    assert "3 ballots" in words(viewer.get(reverse("vote_results", args=[vote.id])).text)
    assert "This vote is closed" in viewer.get(reverse("vote", args=[vote.id])).text
    state = viewer.post(reverse("vote_next", args=[vote.id])).json()
    assert (state["ballots"], state["is_open"], state["sees_results"]) == ([], False, True)


def test_the_reward_beside_is_the_one_of_the_address(lab, member):
    run = add_run(lab.experiment)
    vote = add_vote(lab, run, seeds=range(4))
    judge(lab.member, vote, 12, iteration=0)
    address = reverse("vote_results", args=[vote.id])
    page = words(member.get(address).text)
    assert "quality of these pictures" in page
    assert "People prefer base model of run , the reward run at 40 ." in page
    assert member.get(address, {"reward": "no/such"}).status_code == 200


def test_the_list_tells_how_far_each_vote_is(lab, member, as_person, django_assert_max_num_queries):
    assert "No votes yet" in member.get(reverse("votes")).text
    votes = [add_vote(lab) for _ in range(4)]
    judge(lab.member, votes[0], 2)
    services.close_vote(lab.owner, votes[1])
    with django_assert_max_num_queries(10):
        page = words(member.get(reverse("votes")).text)
    assert "open 2 / 3 2 1 after 1 more of yours" in page and "closed 0 / 3 0 0 Results" in page
    assert "Which is better?" not in as_person(lab.stranger).get(reverse("votes")).text


def test_the_list_comes_in_pages(lab, member, monkeypatch):
    monkeypatch.setattr("votes.selectors.PAGE_SIZE", 2)
    votes = [add_vote(lab) for _ in range(3)]
    page = member.get(reverse("votes")).text
    assert str(votes[0].id) not in page and f"?before={votes[1].id}" in page
    older = member.get(reverse("votes"), {"before": str(votes[1].id)}).text
    assert reverse("vote", args=[votes[0].id]) in older and reverse("vote", args=[votes[2].id]) not in older
    assert "No older ones" in member.get(reverse("votes"), {"before": str(votes[0].id)}).text


def test_a_deleted_vote_is_gone(lab, member):
    vote = add_vote(lab)
    assert member.post(reverse("vote_delete", args=[vote.id]))["Location"] == reverse("votes")
    assert "is deleted" in member.get(reverse("votes")).text
    assert member.get(reverse("vote", args=[vote.id])).status_code == 404


def test_what_a_script_does_too_late_is_told(lab, as_person):
    vote = add_vote(lab)
    viewer = as_person(lab.viewer)
    assert viewer.post(reverse("vote_undo", args=[vote.id])).json() == {"error": "There is nothing to take back."}
    ballot = viewer.post(reverse("vote_next", args=[vote.id])).json()["ballots"][0]
    bad = viewer.post(ballot["answer"], {"answer": "maybe"})
    assert (bad.status_code, bad.json()["error"]) == (400, "answer = maybe: give left, right, tie, bad.")
    state = viewer.post(ballot["answer"], {"answer": "tie"}).json()
    assert (state["num_own"], state["num_people"], len(state["ballots"])) == (1, 1, 2)
    assert viewer.post(ballot["answer"], {"answer": "left"}).status_code == 409
    assert viewer.post(reverse("vote_undo", args=[vote.id])).json()["ballots"][0]["id"] == ballot["id"]


def test_pages_ask_the_same_however_many_ballots_there_are(lab, member, django_assert_max_num_queries):
    few, many = add_vote(lab), add_vote(lab, iterations=(0, 40, 80), seeds=range(4))
    judge(lab.member, few, 3)
    judge(lab.member, many, 36, iteration=80)
    judge(lab.viewer, many, 20)
    add_checkpoint(add_run(lab.experiment), 40)
    for vote in (few, many):
        with django_assert_max_num_queries(16):
            assert member.get(reverse("vote_results", args=[vote.id])).status_code == 200


def test_runs_and_comparisons_lead_to_a_vote(lab, member, as_person):
    run = add_run(lab.experiment)
    add_drawings(run, (0, 40))
    pages = {
        reverse("run", args=[run.id]): f'href="{reverse("vote_new")}?runs={run.id}"',
        f"{reverse('compare')}?policies={run.id}@0,{run.id}@40": (
            f'href="{reverse("vote_new")}?policies={run.id}@0,{run.id}@40"'
        ),
    }
    for page, link in pages.items():
        assert link in member.get(page).text and link not in as_person(lab.viewer).get(page).text
