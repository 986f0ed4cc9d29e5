"""What panels may read: one team's rows, or one run's."""

import pytest

from pictures.refs import Ref, ref_of
from reports.scope import Scope
from runs.models import Run, RunState
from tests.platform.lab import add_evaluation, add_run, add_sample, resume
from tests.platform.pictures.easel import add_drawing

pytestmark = pytest.mark.django_db


def test_a_teams_scope_ends_at_the_team(lab):
    mine, theirs = add_run(lab.experiment), Run.objects.get(experiment__name="Theirs")
    rows = [(add_sample(run, 1), add_drawing(run), add_evaluation(run, 1, 0.5)) for run in (mine, theirs)]
    scope = Scope(lab.team.id)
    assert scope.runs([theirs.id, mine.id, mine.id]) == [mine]
    assert scope.live([theirs.id, mine.id]) == {mine.id}
    assert [*scope.evaluations()] == [rows[0][2]]
    refs = [ref_of(row) for pair in rows for row in pair[:2]]
    assert list(scope.pictures([*refs, Ref("d", 10**9)])) == refs[:2]


def test_a_runs_scope_ends_at_the_run(lab):
    shared, other = add_run(lab.experiment, "shared"), add_run(lab.experiment, "other")
    rows = [(add_sample(run, 1), add_drawing(run), add_evaluation(run, 1, 0.5)) for run in (shared, other)]
    scope = Scope(lab.team.id, shared.id)
    assert scope.runs([other.id, shared.id]) == [shared]
    assert [*scope.evaluations()] == [rows[0][2]]
    assert list(scope.pictures(ref_of(row) for pair in rows for row in pair[:2])) == [
        ref_of(row) for row in rows[0][:2]
    ]


def test_what_was_rolled_back_is_not_there(lab):
    run = add_run(lab.experiment)
    sample, evaluation = add_sample(run, 4), add_evaluation(run, 4, 0.5)
    kept = add_sample(run, 2)
    resume(run, 2)
    scope = Scope(lab.team.id)
    assert [*scope.samples()] == [kept] and evaluation not in scope.evaluations()
    assert scope.pictures([ref_of(sample)]) == {}


def test_runs_that_ended_are_not_live(lab):
    runs = [add_run(lab.experiment, state=state) for state in RunState.values]
    live = Scope(lab.team.id).live(run.id for run in runs)
    assert {run.state for run in runs if run.id in live} == {"queued", "running"}
