"""The pages of experiments and runs, and their moving parts."""

import re

import pytest
from django.urls import reverse

from runs import fragments
from runs.models import Experiment, Run
from tests.platform.lab import add_checkpoint, add_evaluation, add_lines, add_run, resume


def words(page: str) -> str:
    """The page's text with single blanks."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def part(name: str, run: Run) -> str:
    return reverse(name, args=[run.id])


def polls(page: str, name: str, run: Run) -> bool:
    """Whether the page asks again for this part."""
    return f'hx-get="{part(name, run)}' in page


def test_the_list_says_what_to_do_when_it_is_empty(lab, as_person):
    Experiment.objects.all().delete()
    assert "Start with an experiment" in as_person(lab.member).get("/").text
    assert "No experiments yet" in as_person(lab.viewer).get("/").text
    lab.viewer.memberships.all().delete()
    assert "Ask an owner of a team for an invitation link" in as_person(lab.viewer).get("/").text


def test_the_list_shows_the_experiments_of_the_team(lab, member):
    add_run(lab.experiment)
    text = words(member.get("/").text)
    assert "Thresholds Lab 1 running" in text
    assert "Theirs" not in text


def test_an_experiment_is_made_and_opened(lab, member):
    response = member.post(reverse("experiment_new"), {"name": "Seeds", "team": lab.team.id, "description": "Why?"})
    experiment = Experiment.objects.get(name="Seeds")
    assert response["Location"] == reverse("experiment", args=[experiment.id])
    assert "Why?" in member.get(response["Location"]).text


@pytest.mark.parametrize(
    ("name", "message"),
    [("", "Empty: give the experiment a name."), ("Thresholds", "“Thresholds” exists already in Lab")],
)
def test_an_experiment_needs_a_name_of_its_own(name, message, lab, member):
    response = member.post(reverse("experiment_new"), {"name": name, "team": lab.team.id, "description": "Kept"})
    assert response.status_code == 422
    assert message in response.text
    assert "Kept" in response.text


def test_an_experiment_cannot_be_put_into_another_team(lab, member):
    theirs = lab.stranger.teams.get()
    assert member.post(reverse("experiment_new"), {"name": "Mine", "team": theirs.id}).status_code == 422
    assert not Experiment.objects.filter(name="Mine").exists()


def test_an_experiment_without_runs_says_what_to_do(lab, as_person):
    address = reverse("experiment", args=[lab.experiment.id])
    assert reverse("run_new", args=[lab.experiment.id]) in as_person(lab.member).get(address).text
    viewer = as_person(lab.viewer).get(address).text
    assert "Once a member of Lab submits a run, it appears here." in viewer
    assert reverse("run_new", args=[lab.experiment.id]) not in viewer


def test_the_table_of_runs_is_refreshed_while_one_is_live(lab, member):
    run = add_run(lab.experiment)
    add_evaluation(run, 40, 0.523)
    address = reverse("experiment_runs", args=[lab.experiment.id])
    live = member.get(address).text
    assert f'hx-get="{address}?' in live
    assert "0.523 +0.123" in words(live)
    Run.objects.filter(id=run.id).update(state="finished")
    assert f'hx-get="{address}?' not in member.get(address).text


def test_ticked_runs_are_opened_overlaid(lab, member):
    first, second, third = (add_run(lab.experiment, name) for name in "abc")
    address = reverse("experiment_compare", args=[lab.experiment.id])
    ticked = member.get(address, {"run": [str(first.id), str(third.id), "nonsense"]})["Location"]
    assert ticked == f"/curves/?runs={third.id},{first.id}"
    assert member.get(address)["Location"] == f"/curves/?runs={third.id},{second.id},{first.id}"


def test_runs_of_others_are_not_opened(lab, member):
    theirs = Run.objects.exclude(experiment=lab.experiment).get()
    address = reverse("experiment_compare", args=[lab.experiment.id])
    assert member.get(address, {"run": str(theirs.id)})["Location"] == "/curves/?runs="


def test_a_live_run_moves(lab, member):
    run = add_run(lab.experiment, iteration=57, phase="train", phase_done=57, phase_total=100, phase_unit="iterations")
    Run.objects.filter(id=run.id).update(seconds_left=200)
    page = member.get(part("run", run)).text
    text = words(page)
    assert "iteration 57 of 100 training about 3 min left" in text
    assert f'src="/panel/?runs={run.id}"' in page
    assert all(polls(page, name, run) for name in ("run_status", "run_results", "run_log"))
    assert "Cancel run" in text


def test_a_phase_before_training_counts_what_it_does(lab, member):
    run = add_run(lab.experiment, phase="evaluate", phase_done=3, phase_total=8, phase_unit="images")
    assert "evaluating · 3 / 8 images" in words(member.get(part("run_status", run)).text)


@pytest.mark.parametrize("state", ["finished", "failed", "cancelled"])
def test_an_ended_run_rests(state, lab, member):
    run = add_run(lab.experiment, state=state)
    page = member.get(part("run", run)).text
    assert not any(polls(page, name, run) for name in ("run_status", "run_results", "run_log"))
    assert "Cancel run" not in page
    assert f'src="/panel/?runs={run.id}"' in page


def test_a_failure_is_told_with_its_hint(lab, member):
    run = add_run(lab.experiment, state="failed", error="Out <of> memory", hint="Lower rollout.batch_size.")
    page = member.get(part("run", run)).text
    assert "Out &lt;of&gt; memory" in page
    assert "Lower rollout.batch_size." in page


def test_a_viewer_sees_no_button_that_would_not_work(lab, as_person):
    page = as_person(lab.viewer).get(part("run", add_run(lab.experiment))).text
    assert "Cancel run" not in page
    assert "Clone and change" not in page


def test_cancelling_answers_with_the_new_state(lab, member):
    run = add_run(lab.experiment)
    answer = member.post(part("run_cancel", run), HTTP_HX_REQUEST="true").text
    assert "Cancelling…" in answer
    assert "<html" not in answer
    queued = add_run(lab.experiment, state="queued")
    assert member.post(part("run_cancel", queued))["Location"] == part("run", queued)
    assert "Cancelled before its first iteration was done." in words(member.get(part("run_status", queued)).text)


def test_results_come_only_when_they_are_new(lab, member):
    run = add_run(lab.experiment)
    shown = member.get(part("run_results", run)).text
    asks_next = re.search(r'hx-get="([^"]+)"', shown)[1]
    assert member.get(asks_next).status_code == 204
    add_evaluation(run, 0, 0.4)
    add_evaluation(run, 40, 0.5)
    text = words(member.get(asks_next).text)
    assert "0.400 0.380 to 0.420 0.500 0.480 to 0.520 +0.100 +0.080 to +0.120" in text
    Run.objects.filter(id=run.id).update(state="finished")
    last = member.get(asks_next)
    assert last.status_code == 200 and "hx-get" not in last.text


def test_checkpoints_whose_files_are_gone_say_so(lab, member):
    run = add_run(lab.experiment, state="finished")
    kept, removed = add_checkpoint(run, 40), add_checkpoint(run, 20)
    removed.removed = True
    removed.save()
    page = member.get(part("run", run)).text
    assert reverse("checkpoint_zip", args=[kept.id]) in page
    assert reverse("checkpoint_zip", args=[removed.id]) not in page
    assert "removed, newer ones took its place" in page


def test_attempts_are_listed_when_there_is_more_than_one(lab, member):
    run = add_run(lab.experiment)
    assert "Attempts" not in member.get(part("run", run)).text
    resume(run, 20)
    assert "1 node-1 none lost" in words(member.get(part("run", run)).text)


def test_the_log_brings_only_what_comes_after_its_cursor(lab, member, monkeypatch):
    monkeypatch.setattr(fragments, "LOG_LINES", 2)
    run = add_run(lab.experiment)
    lines = add_lines(run, "one", "two", "three", "four", "five")
    page = member.get(part("run", run)).text
    assert re.findall(r"<span>(\w+)</span></p>", page) == ["four", "five"]
    address = part("run_log", run)
    answer = member.get(address, {"after": lines[0].id}).text
    assert re.findall(r"<span>(\w+)</span></p>", answer) == ["two", "three"]
    assert f"?after={lines[2].id}" in answer and 'hx-trigger="load"' in answer
    assert member.get(address, {"after": lines[-1].id}).status_code == 204
    assert member.get(address, {"after": "nonsense"}).text.count("</time>") == 2


def test_the_last_answer_of_a_log_asks_for_no_more(lab, member):
    run = add_run(lab.experiment, state="finished")
    lines = add_lines(run, "one", "two")
    answer = member.get(part("run_log", run), {"after": lines[0].id})
    assert "two" in answer.text and "hx-get" not in answer.text
    assert member.get(part("run_log", run), {"after": lines[1].id}).text.strip() == ""
