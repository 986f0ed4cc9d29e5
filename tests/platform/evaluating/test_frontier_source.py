"""Evaluations that people asked for stand in the panel's frontier, beside those of the runs."""

from runs.frontier_points import read_frontier_points
from tests.platform.evaluating.laboratory import REWARD, SETS, finish, make_run, queue, verdict
from tests.platform.lab import add_evaluation

DRIFT, SCORE = (f"{name}@{SETS[0]}" for name in ("drift/kl_nats", REWARD))


def points(user, *runs) -> list[list[tuple]]:
    answer = read_frontier_points(user, [run.id for run in runs], DRIFT, SCORE)
    return [[(one["iteration"], one["x"][0], one["y"]) for one in run["points"]] for run in answer["runs"]]


def test_each_evaluated_checkpoint_is_a_point(lab):
    run, checkpoints = make_run(lab, 10, 20)
    finish(queue(lab, run, *checkpoints))
    assert points(lab.viewer, run) == [
        [(0, 0.0, [0.5, 0.4, 0.6]), (10, 1.0, [0.6, 0.5, 0.7]), (20, 2.0, [0.7, 0.6, 0.8])]
    ]
    known = {one["key"] for one in read_frontier_points(lab.viewer, [run.id], "", "")["quantities"]}
    assert {DRIFT, SCORE, f"{REWARD}@{SETS[1]}", f"diversity/pixel_rms@{SETS[0]}"} <= known


def test_of_two_evaluations_the_newer_counts_and_the_runs_own_before_both(lab):
    run, checkpoints = make_run(lab, 10)
    for mean in (0.7, 0.8):
        finish(queue(lab, run, *checkpoints), verdict(0, mean=mean), verdict(10, mean=mean, kl=1.0))
    add_evaluation(run, 0, 0.3)
    assert [y[0] for _, _, y in points(lab.viewer, run)[0]] == [0.3, 0.8]


def test_a_run_without_evaluations_has_no_points_and_a_stranger_none_at_all(lab):
    run, checkpoints = make_run(lab, 10)
    job = queue(lab, run, *checkpoints)
    assert points(lab.viewer, run) == [[]]
    finish(job)
    assert points(lab.stranger, run) == []


def test_more_evaluations_take_no_more_queries(lab, django_assert_num_queries):
    made = [make_run(lab, 10) for _ in range(3)]
    for run, checkpoints in made:
        finish(queue(lab, run, *checkpoints), verdict(0), verdict(10, kl=1.0))
    runs = [run for run, _ in made]
    for some in (runs[:1], runs):
        with django_assert_num_queries(6):
            assert len(points(lab.viewer, *some)) == len(some)
