"""The best of an experiment: the highest score of a trained checkpoint that still counts, and its pictures."""

import pytest

from runs.best import best_so_far
from runs.evaluated import Score, scores_of
from runs.lists.knowledge import read_knowledge
from runs.models import Run, Sample
from tests.platform.lab import add_checkpoint, add_evaluation, add_point, add_run, last_attempt, resume

SCORE = Score("sandbox:in_domain", "sandbox_soft_tifa")


def draw(run: Run, iteration: int, prompts: list[str]) -> None:
    at = {"run": run, "attempt": last_attempt(run), "iteration": iteration, "step": 2 * iteration}
    for index, prompt in enumerate(prompts):
        Sample.objects.create(**at, index=index, path=f"samples/{index}.png", prompt=prompt, seed=1, rewards={})


def test_the_highest_score_of_a_trained_checkpoint_is_the_best(lab):
    first, second = add_run(lab.experiment, "first"), add_run(lab.experiment, "second")
    add_evaluation(first, 0, 0.99)
    add_evaluation(first, 40, 0.5)
    add_evaluation(second, 0, 0.4)
    add_evaluation(second, 20, 0.7)
    add_evaluation(second, 40, 0.6)
    add_point(second, "kl/reference_nats", 19, 1.5)
    checkpoint = add_checkpoint(second, 20)
    best = best_so_far(lab.viewer, lab.experiment, SCORE)
    measured = best.measured
    assert (measured.run, measured.iteration, measured.mean, measured.kl) == (second, 20, 0.7, 1.5)
    assert best.gain == pytest.approx(0.3)
    assert best.checkpoint == checkpoint


def test_what_was_rolled_back_is_not_the_best(lab):
    run = add_run(lab.experiment)
    add_evaluation(run, 20, 0.5)
    add_evaluation(run, 40, 0.9)
    resume(run, 20)
    assert best_so_far(lab.viewer, lab.experiment, SCORE).measured.mean == 0.5


def test_there_is_none_before_a_checkpoint_was_scored(lab):
    add_evaluation(add_run(lab.experiment), 0, 0.5)
    assert best_so_far(lab.viewer, lab.experiment, SCORE) is None
    assert best_so_far(lab.viewer, lab.experiment, None) is None
    add_evaluation(add_run(lab.experiment), 20, 0.5)
    assert best_so_far(lab.stranger, lab.experiment, SCORE) is None


def test_pictures_stand_beside_those_of_the_base_model(lab):
    run = add_run(lab.experiment)
    prompts = ["a", "a", "b", "c", "d", "e"]
    for iteration in (0, 10, 20, 30):
        draw(run, iteration, prompts)
    add_evaluation(run, 25, 0.5)
    best = best_so_far(lab.viewer, lab.experiment, SCORE)
    assert best.drawn_at == 20
    assert [pair.after.prompt for pair in best.pairs] == ["a", "b", "c", "d"]
    assert all(pair.before.iteration == 0 and pair.before.index == pair.after.index for pair in best.pairs)


def test_without_pictures_there_are_none(lab):
    run = add_run(lab.experiment)
    add_evaluation(run, 25, 0.5)
    draw(run, 20, ["a"])
    assert best_so_far(lab.viewer, lab.experiment, SCORE).pairs == []


def test_the_first_score_of_the_runs_is_offered_first(lab):
    run = add_run(lab.experiment)
    evaluation = add_evaluation(run, 20, 0.5)
    evaluation.scores |= {"a_first_by_name": {"mean": 1.0, "low": 1.0, "high": 1.0}}
    evaluation.save()
    add_evaluation(run, 20, 0.5, prompt_set="another")
    scores = scores_of(read_knowledge(Run.objects.filter(experiment=lab.experiment)))
    assert scores[0] == SCORE
    assert {score.title for score in scores[1:]} == {"a_first_by_name on in_domain", "sandbox_soft_tifa on another"}
