"""What the page of a run offers to do with it, in each of its states, and what it tells of where it came from."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from runs.models import Attempt, Checkpoint, Priority, Run, RunState
from tests.platform.lab import CONFIG, add_checkpoint, add_run, resume

BUTTONS = {
    "run_stop": "Stop after checkpoint",
    "run_cancel": "Cancel run",
    "run_resume": "Resume",
    "run_continue": "More iterations",
    "run_priority": "Priority",
}


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def status(client, run: Run) -> str:
    return client.get(reverse("run_status", args=[run.id])).text


def results(client, run: Run) -> str:
    return words(client.get(reverse("run_results", args=[run.id])).text)


def offered(page: str, run: Run) -> set[str]:
    return {name for name in BUTTONS if f'action="{reverse(name, args=[run.id])}"' in page}


@pytest.mark.parametrize(
    ("state", "deeds"),
    [
        (RunState.QUEUED, {"run_stop", "run_cancel", "run_priority"}),
        (RunState.RUNNING, {"run_stop", "run_cancel"}),
        (RunState.STOPPED, {"run_resume"}),
        (RunState.CANCELLED, {"run_resume"}),
        (RunState.FAILED, {"run_resume"}),
        (RunState.FINISHED, {"run_continue"}),
    ],
)
def test_each_state_has_its_deeds_and_a_viewer_none(state, deeds, lab, as_person, member):
    run = add_run(lab.experiment, state=state)
    assert offered(status(member, run), run) == deeds
    assert offered(status(as_person(lab.viewer), run), run) == set()


def test_the_priority_of_a_run_that_waits(lab, member):
    run = add_run(lab.experiment, state=RunState.QUEUED)
    address = reverse("run_priority", args=[run.id])
    assert 'id="priority-normal" name="priority" value="0"\n              aria-pressed="true"' in status(member, run)
    answer = member.post(address, {"priority": "1"}, HTTP_HX_REQUEST="true").text
    assert 'id="priority-high" name="priority" value="1"\n              aria-pressed="true"' in answer
    refused = member.post(address, {"priority": "9"})
    assert refused.status_code == 422 and "choose low, normal or high" in refused.text
    run.refresh_from_db()
    assert run.priority == Priority.HIGH


def test_what_was_asked_for_is_not_offered_again(lab, member):
    run = add_run(lab.experiment)
    answer = member.post(reverse("run_stop", args=[run.id]), HTTP_HX_REQUEST="true").text
    assert offered(answer, run) == {"run_cancel"} and "Stopping after this iteration…" in answer
    answer = member.post(reverse("run_cancel", args=[run.id]), HTTP_HX_REQUEST="true").text
    assert offered(answer, run) == set() and "Cancelling…" in answer


def test_a_run_that_is_trained_elsewhere_can_only_be_cancelled(lab, member):
    run = add_run(lab.experiment, is_reported=True)
    assert offered(status(member, run), run) == {"run_cancel"}
    Run.objects.filter(id=run.id).update(state=RunState.FAILED)
    run.refresh_from_db()
    assert offered(status(member, run), run) == set()


def test_a_stopped_run_says_why_and_where_it_goes_on(lab, member):
    run = add_run(
        lab.experiment, state=RunState.STOPPED, iteration=40, num_attempts=1, stop_reason="An alert asked for it."
    )
    add_checkpoint(run, 40)
    text = words(status(member, run))
    assert "Stopped after iteration 40 of 100. An alert asked for it. Resumed, it goes on after iteration 40." in text
    assert "Resume" in text
    Checkpoint.objects.update(removed=True)
    text = words(status(member, run))
    assert "There is no checkpoint: resumed, it starts from the beginning." in text and "Start again" in text
    Run.objects.filter(id=run.id).update(continued_from=Checkpoint.objects.get())
    assert "it starts again from the checkpoint that it began with." in words(status(member, run))


def test_a_resumed_run_moves_again(lab, member):
    run = add_run(lab.experiment, state=RunState.STOPPED, num_attempts=1)
    page = member.post(reverse("run_resume", args=[run.id]), follow=True).text
    assert f'hx-get="{reverse("run_status", args=[run.id])}"' in page
    assert "It goes on after its last checkpoint as soon as a worker is free." in words(page)


def test_the_time_that_a_run_lay_still_is_not_counted(lab, member):
    run = add_run(lab.experiment, state=RunState.STOPPED, attempts_forgiven=1)
    second = resume(run, 40)
    now = timezone.now()
    for attempt, began in ((second, 3), (run.attempts.get(number=1), 70)):
        started = now - timedelta(hours=began)
        Attempt.objects.filter(id=attempt.id).update(started_at=started, ended_at=started + timedelta(hours=2))
    assert '<span title="What its attempts took together">4 h</span>' in status(member, run)


def test_more_iterations_are_given_or_refused_in_words(lab, member):
    run = add_run(lab.experiment, state=RunState.FINISHED)
    address = reverse("run_continue", args=[run.id])
    for text, message in (("", "Empty"), ("many", "whole number"), ("100", "100 are done")):
        answer = member.post(address, {"iterations": text})
        assert answer.status_code == 422 and message in answer.text
    assert member.post(address, {"iterations": "150"})["Location"] == reverse("run", args=[run.id])
    run.refresh_from_db()
    assert (run.state, run.total_iterations) == (RunState.QUEUED, 150)


def test_a_falling_learning_rate_is_spoken_of_before_more_iterations_are_given(lab, member):
    falling = CONFIG | {"optimizer": CONFIG["optimizer"] | {"schedule": "linear"}}
    assert "jumps up" in status(member, add_run(lab.experiment, state=RunState.FINISHED, config=falling))


def test_a_checkpoint_is_continued_with_what_is_different(lab, member):
    run = add_run(lab.experiment, "first")
    checkpoint = add_checkpoint(run, 40, {"weights": b"1"})
    address = reverse("checkpoint_continue", args=[checkpoint.id])
    assert f'href="{address}"' in member.get(reverse("run_results", args=[run.id])).text
    assert "Continue from iteration 40" in member.get(address).text
    sent = {"name": "second", "experiment": lab.experiment.id, "iterations": "90", "changes": "optimizer.lr = 1e-5"}
    new = Run.objects.get(id=member.post(address, sent)["Location"].split("/")[-2])
    assert (new.name, new.config["optimizer"]["lr"], new.total_iterations) == ("second", 1e-5, 90)
    page = words(member.get(reverse("run", args=[new.id])).text)
    assert "Continued from first at iteration 40" in page
    text = results(member, run)
    assert "1 run continues it" in text and "second queued continues it at iteration 40" in text


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({"iterations": "40"}, "40 are done"),
        ({"changes": "lora.rank = 4"}, "lora.rank: The checkpoint was made with 16"),
        ({"changes": "optimizer.lr"}, "write it as a.b=c"),
        ({"changes": "optimizer.lr = [*a]"}, "alias"),
        ({"changes": "rewards.0 = 7"}, "rewards: Give a list of blocks"),
        ({"name": ""}, "Empty: give the run a name."),
    ],
)
def test_what_cannot_be_continued_is_told_at_its_field(sent, message, lab, member):
    checkpoint = add_checkpoint(add_run(lab.experiment), 40, {"weights": b"1"})
    fields = {"name": "second", "experiment": lab.experiment.id, "iterations": "90", "changes": ""} | sent
    answer = member.post(reverse("checkpoint_continue", args=[checkpoint.id]), fields)
    assert answer.status_code == 422 and message in words(answer.text)


def test_a_checkpoint_without_files_says_so(lab, member):
    checkpoint = add_checkpoint(add_run(lab.experiment), 40)
    fields = {"name": "second", "experiment": lab.experiment.id, "iterations": "90"}
    answer = member.post(reverse("checkpoint_continue", args=[checkpoint.id]), fields)
    assert answer.status_code == 422 and "were removed" in answer.text


def test_a_clone_names_its_run_unless_that_is_another_teams(lab, member):
    source = add_run(lab.experiment, "source")
    clone = add_run(lab.experiment, "clone", cloned_from=source)
    assert "Cloned from source" in words(member.get(reverse("run", args=[clone.id])).text)
    assert "1 run is a clone." in results(member, source)
    theirs = Run.objects.exclude(experiment__team=lab.team).get()
    Run.objects.filter(id=clone.id).update(cloned_from=theirs)
    assert "Cloned from" not in member.get(reverse("run", args=[clone.id])).text


def test_checkpoints_say_why_they_are_kept(lab, member):
    run = add_run(lab.experiment)
    for iteration in (20, 40, 60, 80):
        add_checkpoint(run, iteration)
    Checkpoint.objects.filter(iteration=20).update(removed=True)
    for place, iteration in ((1, 60), (2, 40)):
        Checkpoint.objects.filter(iteration=iteration).update(place=place, ranked_mean=0.6, ranked_by="a on b")
    text = results(member, run)
    assert text.index("80 among the last") < text.index("60 best")
    assert "60 best · 0.600" in text and "40 place 2 · 0.600" in text
    assert "20 removed, newer ones took its place" in text


def test_attempts_tell_from_where_to_where_and_what_was_done_again(lab, member):
    run = add_run(lab.experiment)
    Attempt.objects.update(reached=57, error="The engine was killed by SIGKILL.")
    resume(run, 40)
    Attempt.objects.filter(number=2).update(reached=60)
    text = results(member, run)
    assert "1 node-1 1 to 57 17 done again lost The engine was killed by SIGKILL." in text
    assert "2 node-2 41 to 60 running" in text


def test_the_page_asks_no_more_questions_as_its_tables_grow(lab, member):
    run = add_run(lab.experiment, state=RunState.FINISHED)

    def num_queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            member.get(reverse("run", args=[run.id]))
        return len(queries)

    for iteration in (1, 2):
        child = add_run(lab.experiment, f"child {iteration}", continued_from=add_checkpoint(run, iteration))
    before = num_queries()
    for iteration in range(3, 9):
        checkpoint = add_checkpoint(run, iteration)
        add_run(lab.experiment, f"child {iteration}", continued_from=checkpoint)
        add_run(lab.experiment, f"clone {iteration}", cloned_from=run)
        resume(run, iteration)
    assert child.continued_from.run == run
    assert num_queries() == before
