"""The tables of experiments and runs: right numbers, in as many queries for 30 rows as for 3."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from runs import selectors, summaries
from runs.models import Experiment, RunState
from runs.overviews import experiments_overview, runs_overview
from tests.platform.lab import CONFIG, add_checkpoint, add_evaluation, add_lines, add_point, add_run, resume


def test_runs_are_counted_by_state(lab):
    for state in ("running", "finished", "finished", "failed"):
        add_run(lab.experiment, state=state)
    row = experiments_overview(lab.viewer).get()
    assert [getattr(row, f"num_{state}") for state in RunState.values] == [0, 1, 2, 1, 0, 0]


def test_the_liveliest_experiment_comes_first(lab):
    later = Experiment.objects.create(team=lab.team, name="Later")
    assert list(experiments_overview(lab.viewer)) == [later, lab.experiment]
    run = add_run(lab.experiment)
    run.ended_at = later.created_at + timedelta(hours=1)
    run.save()
    rows = list(experiments_overview(lab.viewer))
    assert rows == [lab.experiment, later]
    assert rows[0].last_activity == run.ended_at


def test_the_best_score_is_of_a_trained_checkpoint_on_the_first_prompt_set(lab):
    assert experiments_overview(lab.viewer).get().best_score is None
    first, second = add_run(lab.experiment), add_run(lab.experiment)
    add_evaluation(first, 0, 0.9)
    add_evaluation(first, 40, 0.55)
    add_evaluation(second, 40, 0.5)
    add_evaluation(second, 40, 0.8, prompt_set="sandbox:out_of_domain")
    assert experiments_overview(lab.viewer).get().best_score == pytest.approx(0.55)


def test_a_run_shows_its_latest_reward_kl_and_score(lab):
    run = add_run(lab.experiment)
    for iteration, reward in [(1, 0.4), (3, 0.6), (2, 0.5)]:
        add_point(run, "reward/mean", iteration, reward)
    add_point(run, "kl/reference_nats", 3, 0.02)
    add_evaluation(run, 0, 0.4)
    add_evaluation(run, 40, 0.5)
    row = runs_overview(lab.viewer, lab.experiment).get()
    assert (row.reward, row.kl) == (0.6, 0.02)
    assert row.score["mean"] == 0.5
    assert row.score["difference"]["mean"] == pytest.approx(0.1)


def test_what_was_rolled_back_does_not_count(lab):
    run = add_run(lab.experiment)
    for iteration in (1, 2, 3):
        add_point(run, "reward/mean", iteration, float(iteration))
    add_evaluation(run, 3, 0.9)
    add_checkpoint(run, 3)
    resume(run, 1)
    assert runs_overview(lab.viewer, lab.experiment).get().reward == 1.0
    add_point(run, "reward/mean", 2, 2.5)
    row = runs_overview(lab.viewer, lab.experiment).get()
    assert (row.reward, row.score) == (2.5, None)
    assert experiments_overview(lab.viewer).get().best_score is None
    assert not selectors.visible_checkpoints(lab.viewer).exists()
    assert not selectors.visible_evaluations(lab.viewer).exists()


def test_a_run_of_other_rewards_is_scored_by_its_own_first_one(lab):
    config = CONFIG | {"rewards": [{"name": "aesthetics", "weight": 1.0}]}
    run = add_run(lab.experiment, config=config)
    evaluation = add_evaluation(run, 40, 0.5)
    evaluation.scores = {"aesthetics": {"mean": "NaN", "low": 1, "high": 2}, **evaluation.scores}
    evaluation.save()
    assert runs_overview(lab.viewer, lab.experiment).get().score["mean"] == "NaN"


def test_a_label_is_the_name_of_a_reward(lab):
    config = CONFIG | {"rewards": [{"name": "vlm_judge", "label": "agrees", "weight": 1.0}]}
    run = add_run(lab.experiment, config=config)
    evaluation = add_evaluation(run, 40, 0.5)
    evaluation.scores = {name: {"mean": mean, "low": 1, "high": 2} for name, mean in (("vlm_judge", 3), ("agrees", 4))}
    evaluation.save()
    summaries.refresh(run.id)
    assert runs_overview(lab.viewer, lab.experiment).get().score["mean"] == 4
    assert experiments_overview(lab.viewer).get(id=lab.experiment.id).best_score == 4


def test_strangers_see_nothing_of_it(lab):
    run = add_run(lab.experiment)
    add_evaluation(run, 40, 0.5)
    add_checkpoint(run, 40)
    add_lines(run, "hello")
    assert lab.experiment not in experiments_overview(lab.stranger)
    assert not runs_overview(lab.stranger, lab.experiment).exists()
    reads = ("checkpoints", "evaluations", "attempts", "log")
    for read in (getattr(selectors, f"visible_{what}") for what in reads):
        assert read(lab.viewer).filter(run=run).count() == 1
        assert not read(lab.stranger).filter(run=run).exists()
    assert not selectors.visible_runs(lab.stranger).filter(id=run.id).exists()


@pytest.mark.parametrize("name", ["experiments", "experiment", "experiment_runs", "run", "run_results", "run_log"])
def test_more_rows_need_no_more_queries(name, lab, member, django_assert_num_queries):
    run = add_run(lab.experiment)

    def fill(numbers: range) -> None:
        for number in numbers:
            Experiment.objects.create(team=lab.team, name=f"e{number}")
            add_evaluation(add_run(lab.experiment), 40, 0.5)
            add_evaluation(run, number, 0.5)
            add_checkpoint(run, number)
            add_lines(run, "hello")
            resume(run, 100)

    address = reverse(name, args={"experiments": [], "run": [run.id]}.get(name.split("_")[0], [lab.experiment.id]))
    fill(range(3))
    member.get(address)
    with CaptureQueriesContext(connection) as few:
        assert member.get(address).status_code == 200
    fill(range(3, 30))
    with django_assert_num_queries(len(few)):
        assert member.get(address).status_code == 200
    assert 0 < len(few) < 20
