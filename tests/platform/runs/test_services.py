"""The verbs: who may, what they check, what they leave behind."""

import pytest
from django.core.exceptions import PermissionDenied

from runs import services
from runs.config_errors import ConfigInvalid
from runs.models import Experiment, LogLine, Run, RunState
from tests.platform.lab import CONFIG, add_run


@pytest.mark.parametrize("name", ["owner", "member"])
def test_writers_submit(name, lab, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        run = services.submit_run(getattr(lab, name), lab.experiment, "one", "sandbox-smoke", {"iterations": 7})
    run.refresh_from_db()
    assert (run.state, run.recipe, run.total_iterations) == (RunState.QUEUED, "sandbox-smoke", 7)
    assert run.config == CONFIG | {"iterations": 7}
    assert run.created_by == getattr(lab, name)
    assert len(callbacks) == 1


@pytest.mark.parametrize("name", ["viewer", "stranger"])
def test_others_change_nothing(name, lab):
    person, run = getattr(lab, name), add_run(lab.experiment)
    with pytest.raises(PermissionDenied):
        services.submit_run(person, lab.experiment, "one", "sandbox-smoke", CONFIG)
    with pytest.raises(PermissionDenied):
        services.cancel_run(person, run)
    with pytest.raises(PermissionDenied):
        services.create_experiment(person, lab.team, "New")
    run.refresh_from_db()
    assert run.cancel_requested_at is None
    assert list(lab.experiment.runs.all()) == [run]
    assert not Experiment.objects.filter(name="New").exists()


def test_a_configuration_that_cannot_run_is_not_queued(lab):
    with pytest.raises(ConfigInvalid) as caught:
        services.submit_run(lab.member, lab.experiment, "one", "sandbox-smoke", {"iterations": 0})
    assert caught.value.errors == {"iterations": ["“0” does not fit: give a whole number of at least 1."]}
    assert "iterations" in str(caught.value)
    assert not Run.objects.filter(experiment=lab.experiment).exists()


def test_a_queued_run_is_cancelled_at_once_and_a_running_one_is_told(lab):
    queued, running = add_run(lab.experiment, state="queued"), add_run(lab.experiment)
    for run in (queued, running):
        services.cancel_run(lab.member, run)
        run.refresh_from_db()
    assert queued.state == RunState.CANCELLED
    assert running.state == RunState.RUNNING and running.cancel_requested_at
    assert LogLine.objects.filter(run__in=[queued, running]).count() == 2


def test_an_experiment_belongs_to_its_team(lab):
    experiment = services.create_experiment(lab.member, lab.team, "New", "Why?")
    assert (experiment.team, experiment.created_by, experiment.description) == (lab.team, lab.member, "Why?")
