"""What people do to a run that has been put down, has ended, or left a checkpoint to go on from."""

from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied

from runs import services
from runs.config_errors import ConfigInvalid
from runs.continuing import NotPossible, caution_about_schedule
from runs.models import Priority, Run, RunState
from teams.models import AuditEntry
from teams.services import create_team
from tests.platform.lab import CONFIG, add_checkpoint, add_run

FILES = {"manifest.json": b"{}", "weights": b"1"}


def told(lab) -> list[str]:
    return [str(entry) for entry in AuditEntry.objects.filter(team=lab.team)]


@pytest.mark.parametrize("name", ["viewer", "stranger"])
def test_who_may_not_write_moves_nothing(name, lab):
    person = getattr(lab, name)
    runs = [add_run(lab.experiment, state=state) for state in (RunState.RUNNING, RunState.FAILED, RunState.FINISHED)]
    checkpoint = add_checkpoint(runs[0], 1, FILES)
    before = list(Run.objects.values())
    deeds = [
        lambda: services.stop_run(person, runs[0]),
        lambda: services.set_priority(person, runs[0], Priority.HIGH),
        lambda: services.resume_run(person, runs[1]),
        lambda: services.continue_run(person, runs[2], 200),
        lambda: services.continue_from(person, checkpoint, lab.experiment, "new", {"iterations": 200}),
    ]
    for deed in deeds:
        with pytest.raises(PermissionDenied):
            deed()
    assert list(Run.objects.values()) == before


def test_stopped_and_resumed_by_two_people_each_deed_is_told_once(lab):
    run = add_run(lab.experiment, state=RunState.QUEUED)
    assert services.stop_run(lab.member, run) and not services.stop_run(lab.owner, run)
    assert services.resume_run(lab.owner, run) and not services.resume_run(lab.member, run)
    assert told(lab)[:2] == ["owner@example.org resumed run “run”", "member@example.org asked to stop run “run”"]
    assert [line.message for line in run.log_lines.all()] == [
        "Stopped before it started. member@example.org asked for it.",
        "Resumed. owner@example.org asked for it.",
    ]


def test_a_cancel_that_comes_too_late_is_no_deed(lab):
    run = add_run(lab.experiment, state=RunState.FINISHED)
    before = told(lab)
    assert not services.cancel_run(lab.member, run)
    assert told(lab) == before


def test_priority_orders_those_that_wait(lab):
    waits, runs = (add_run(lab.experiment, state=state) for state in (RunState.QUEUED, RunState.RUNNING))
    assert services.set_priority(lab.member, waits, Priority.HIGH)
    assert not services.set_priority(lab.owner, waits, Priority.HIGH)
    assert told(lab)[0] == "member@example.org changed the priority of run “run”"
    with pytest.raises(NotPossible, match="This run is running"):
        services.set_priority(lab.member, runs, Priority.LOW)
    assert list(
        Run.objects.filter(experiment=lab.experiment).order_by("created_at").values_list("priority", flat=True)
    ) == [1, 0]


def test_a_finished_run_is_not_resumed_but_given_more(lab):
    run = add_run(lab.experiment, state=RunState.FINISHED)
    with pytest.raises(NotPossible, match="give it more"):
        services.resume_run(lab.member, run)
    assert services.continue_run(lab.member, run, 150)
    assert not services.continue_run(lab.member, run, 150)
    run.refresh_from_db()
    assert (run.state, run.total_iterations, run.config) == (RunState.QUEUED, 150, CONFIG | {"iterations": 150})
    assert told(lab)[0] == "member@example.org continued run “run”"


def test_of_two_who_continue_a_run_differently_the_second_learns_of_the_first(lab, monkeypatch):
    run = add_run(lab.experiment, state=RunState.FINISHED)
    config_with_more = services.continuing.config_with_more

    def meanwhile(now, num_iterations):
        config = config_with_more(now, num_iterations)
        monkeypatch.undo()
        services.continue_run(lab.owner, run, 150)
        return config

    monkeypatch.setattr(services.continuing, "config_with_more", meanwhile)
    with pytest.raises(NotPossible, match="go on to 150 iterations"):
        services.continue_run(lab.member, run, 200)
    run.refresh_from_db()
    assert run.total_iterations == 150


@pytest.mark.parametrize("number", [100, 7, 0, -1, 10**12])
def test_more_iterations_are_more_than_there_were(number, lab):
    run = add_run(lab.experiment, state=RunState.FINISHED)
    with pytest.raises(ConfigInvalid) as caught:
        services.continue_run(lab.member, run, number)
    assert "100 are done" in caught.value.errors["iterations"][0]


@pytest.mark.parametrize("state", [RunState.RUNNING, RunState.FAILED, RunState.STOPPED])
def test_only_a_finished_run_is_given_more(state, lab):
    with pytest.raises(NotPossible, match=f"is {state}"):
        services.continue_run(lab.member, add_run(lab.experiment, state=state), 200)


def test_a_run_that_is_trained_elsewhere_has_its_life_elsewhere(lab):
    run = add_run(lab.experiment, is_reported=True, state=RunState.FAILED)
    for deed in (services.stop_run, services.resume_run):
        with pytest.raises(NotPossible, match="elsewhere"):
            deed(lab.member, run)


def test_a_schedule_that_falls_over_the_run_is_warned_of(lab):
    assert caution_about_schedule(CONFIG) == ""
    falling = CONFIG | {"optimizer": CONFIG["optimizer"] | {"schedule": "cosine"}}
    run = add_run(lab.experiment, state=RunState.FINISHED, config=falling)
    services.continue_run(lab.member, run, 150)
    assert "jumps up" in run.log_lines.get().message


def test_a_new_run_from_a_checkpoint_keeps_its_files_and_says_where_it_is_from(
    lab, django_capture_on_commit_callbacks
):
    run = add_run(lab.experiment, "first", state=RunState.FINISHED, priority=1, num_gpus=4)
    checkpoint = add_checkpoint(run, 40, FILES)
    with django_capture_on_commit_callbacks() as callbacks:
        new = services.continue_from(
            lab.member, checkpoint, lab.experiment, "second", {"iterations": 90, "optimizer": {"lr": 1e-5}}
        )
    assert len(callbacks) == 1
    optimizer = CONFIG["optimizer"] | {"lr": 1e-5}
    assert new.config == CONFIG | {"iterations": 90, "optimizer": optimizer}
    assert (new.state, new.continued_from, new.priority, new.num_gpus) == (RunState.QUEUED, checkpoint, 1, 4)
    source = Path(settings.MEDIA_ROOT) / run.folder / checkpoint.path
    for file in FILES:
        (source / file).unlink()
    start = Path(settings.MEDIA_ROOT) / new.folder / "start"
    assert {file: (start / file).read_bytes() for file in FILES} == FILES
    assert "continued run “first”" in told(lab)[0]


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"iterations": 40}, "iterations", "40 are done"),
        ({"lora": {"rank": 4}}, "lora.rank", "made with 16"),
        ({"model": {"source": "owner/name"}}, "model.source", "made with sandbox"),
        ({"optimizer": {"lr": -1}}, "optimizer.lr", "does not fit"),
        ({"rewards": 5}, "rewards", "Give a list of blocks"),
        ({"rewards": [5]}, "rewards", "Give a list of blocks"),
    ],
)
def test_what_cannot_go_on_is_refused_at_its_field(changes, field, words, lab):
    checkpoint = add_checkpoint(add_run(lab.experiment), 40, FILES)
    num_runs = Run.objects.count()
    with pytest.raises(ConfigInvalid) as caught:
        services.continue_from(lab.member, checkpoint, lab.experiment, "new", changes)
    assert words in caught.value.errors[field][0]
    assert Run.objects.count() == num_runs


def test_a_checkpoint_whose_files_are_gone_starts_nothing(lab):
    checkpoint = add_checkpoint(add_run(lab.experiment), 40)
    num_runs = Run.objects.count()
    with pytest.raises(NotPossible, match="were removed"):
        services.continue_from(lab.member, checkpoint, lab.experiment, "new", {})
    assert Run.objects.count() == num_runs
    assert not list(Path(settings.MEDIA_ROOT).glob("runs/*/start*"))


def test_a_checkpoint_stays_in_its_team(lab):
    checkpoint = add_checkpoint(add_run(lab.experiment), 40, FILES)
    other = services.create_experiment(lab.member, create_team("Mine", lab.member), "Alone")
    with pytest.raises(PermissionDenied, match="another team"):
        services.continue_from(lab.member, checkpoint, other, "new", {})
