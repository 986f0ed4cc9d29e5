"""The frontier of an experiment: which points it holds, and which of them no other one beats."""

import pytest

from runs.evaluated import Measured, Score
from runs.frontiers import edge_of, read_frontier
from runs.models import Run
from tests.platform.lab import add_evaluation, add_point, add_run, resume

SCORE = Score("sandbox:in_domain", "sandbox_soft_tifa")


def point(kl: float, mean: float) -> Measured:
    return Measured(Run(name="run"), 10, mean, mean - 0.1, mean + 0.1, kl)


def trained(experiment, *measured: tuple[int, float, float], **fields) -> Run:
    """A run with evaluations: iteration, KL just then, mean."""
    run = add_run(experiment, **fields)
    for iteration, kl, mean in measured:
        if iteration:
            add_point(run, "kl/reference_nats", iteration, kl)
        add_evaluation(run, iteration, mean)
    return run


def test_no_point_on_the_edge_is_beaten_and_every_other_one_is():
    points = [point(kl, mean) for kl, mean in [(0, 0.4), (1, 0.6), (1, 0.5), (2, 0.55), (3, 0.6), (4, 0.7), (5, 0.1)]]
    edge = edge_of(points)
    assert [(one.kl, one.mean) for one in edge] == [(0, 0.4), (1, 0.6), (4, 0.7)]
    for one in points:
        beaten = any(other.kl <= one.kl and other.mean >= one.mean and other is not one for other in points)
        assert (one in edge) != beaten
    assert edge_of([]) == []


def test_a_point_for_each_evaluation_that_counts(lab):
    trained(lab.experiment, (0, 0.0, 0.4), (20, 0.5, 0.6), (40, 2.0, 0.55))
    other = trained(lab.experiment, (20, 1.0, 0.5), (40, 1.5, 0.9))
    resume(other, 20)
    frontier = read_frontier(lab.viewer, lab.experiment, SCORE)
    assert [(one.iteration, one.kl, one.mean) for one in frontier.points] == [
        (0, 0.0, 0.4),
        (20, 0.5, 0.6),
        (40, 2.0, 0.55),
        (20, 1.0, 0.5),
    ]
    assert [(one.kl, one.mean) for one in frontier.edge] == [(0.0, 0.4), (0.5, 0.6)]
    assert frontier.num_runs == 2 and not frontier.is_cut


def test_the_picture_draws_every_point_inside_with_the_edge_on_top(lab):
    trained(lab.experiment, (0, 0.0, 0.4), (20, 0.5, 0.6), (40, 2.0, 0.55))
    picture = read_frontier(lab.viewer, lab.experiment, SCORE).picture()
    assert [dot.is_on_edge for dot in picture.dots] == [False, True, True]
    assert all(52 <= dot.x <= 468 and 12 <= dot.high <= dot.y <= dot.low <= 240 for dot in picture.dots)
    assert len(picture.edge.split()) == 2


def test_archived_runs_and_those_of_others_have_no_points(lab):
    run = trained(lab.experiment, (20, 0.5, 0.6))
    assert read_frontier(lab.stranger, lab.experiment, SCORE) is None
    assert read_frontier(lab.viewer, lab.experiment, None) is None
    Run.objects.filter(id=run.id).update(archived_at=run.created_at)
    assert read_frontier(lab.viewer, lab.experiment, SCORE) is None


def test_where_no_kl_was_measured_there_is_no_frontier(lab):
    run = add_run(lab.experiment)
    add_evaluation(run, 0, 0.4)
    add_evaluation(run, 20, 0.6)
    assert read_frontier(lab.viewer, lab.experiment, SCORE) is None


@pytest.mark.parametrize("name", ["Ä / b", "a:b/c.txt"])
def test_a_prompt_set_may_be_called_anything(name, lab):
    run = add_run(lab.experiment)
    add_point(run, "kl/reference_nats", 20, 1.0)
    add_evaluation(run, 20, 0.6, prompt_set=name)
    frontier = read_frontier(lab.viewer, lab.experiment, Score(name, "sandbox_soft_tifa"))
    assert [one.mean for one in frontier.points] == [0.6]
