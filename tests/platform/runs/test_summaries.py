"""What lists know of a run without its points: always what the points and evaluations that count would say."""

import pytest

from flowdppo_engine import events
from runs import summaries
from runs.lifecycle import LeaseLost
from runs.models import Run
from tests.platform.lab import CONFIG, add_evaluation, add_point, add_run, resume
from tests.platform.runs.synthetic_run import SyntheticRun, metrics

FIRST = "sandbox:in_domain/sandbox_soft_tifa"


def summary_of(run) -> dict:
    return Run.objects.values_list("summary", flat=True).get(id=run.id)


def refreshed(run) -> dict:
    summaries.refresh(run.id)
    return summary_of(run)


@pytest.fixture
def synthetic(experiment) -> SyntheticRun:
    return SyntheticRun(experiment)


def test_each_metric_is_known_by_its_last_value(synthetic):
    synthetic.write(metrics(1, {"reward/mean": 0.4, "kl/old_mean": 0.1}), metrics(2, {"reward/mean": 0.5}))
    assert summary_of(synthetic) == {"reward/mean": 0.5, "kl/old_mean": 0.1}
    synthetic.train([3], lambda _: 0.6)
    assert summary_of(synthetic) == {"reward/mean": 0.6, "kl/old_mean": 0.1}


def test_what_was_stored_says_the_same_as_what_is_made_anew(synthetic):
    synthetic.train(range(1, 8))
    synthetic.train(range(1, 5), key="kl/reference_nats")
    synthetic.evaluate(4)
    synthetic.train([8], key="kl/reference_nats")
    stored = summary_of(synthetic)
    assert stored == refreshed(synthetic)
    assert stored["reward/mean"] == 7 and stored["kl/reference_nats"] == 8


def test_what_is_rolled_back_is_forgotten(synthetic):
    synthetic.train(range(1, 8))
    synthetic.train(range(5, 8), key="kl/reference_nats")
    synthetic.evaluate(3, 0.5)
    synthetic.evaluate(6, 0.9)
    synthetic.stop_and_resume(4)
    key = "sandbox:in_domain/score"
    assert summary_of(synthetic) == {"reward/mean": 4.0, f"score/{key}": 0.5, f"best/{key}": 0.5}
    synthetic.train([5], lambda _: 9.0)
    assert summary_of(synthetic)["reward/mean"] == 9.0


def test_values_after_a_resume_in_the_same_batch_count(synthetic):
    synthetic.train(range(1, 8))
    synthetic.write(events.Resumed(iteration=2, step=4, checkpoint=None), metrics(3, {"reward/mean": 0.25}))
    assert summary_of(synthetic)["reward/mean"] == 7.0  # Nothing of the attempt itself is void.
    synthetic.stop_and_resume(3)
    assert summary_of(synthetic)["reward/mean"] == 3.0


def test_a_fresh_start_voids_everything(synthetic):
    synthetic.train(range(1, 8))
    synthetic.stop_and_resume(7)
    fresh = {"total_iterations": 9, "num_latent_dims": 4, "num_trainable_parameters": 1, "engine_version": "1"}
    synthetic.write(events.Started(**fresh), metrics(1, {"kl/old_mean": 1.0}))
    assert summary_of(synthetic) == {"kl/old_mean": 1.0}


def test_a_batch_that_is_refused_changes_nothing(synthetic):
    synthetic.train([1])
    before = summary_of(synthetic)
    synthetic._offset += 1
    with pytest.raises(LeaseLost):
        synthetic.train([2])
    assert summary_of(synthetic) == before


def test_the_score_is_that_of_the_first_reward_on_the_first_prompt_set(lab):
    run = add_run(lab.experiment)
    add_evaluation(run, 0, 0.8)
    add_evaluation(run, 20, 0.6)
    add_evaluation(run, 40, 0.5)
    add_evaluation(run, 40, 0.9, prompt_set="sandbox:out_of_domain")
    found = refreshed(run)
    assert (found["score"], found["best"], found["best_iteration"]) == (0.5, 0.6, 20)
    assert (found[f"score/{FIRST}"], found[f"best/{FIRST}"]) == (0.5, 0.6)
    assert found["best/sandbox:out_of_domain/sandbox_soft_tifa"] == 0.9


def test_a_label_is_the_name_of_a_reward(lab):
    run = add_run(lab.experiment, config=CONFIG | {"rewards": [{"name": "judge", "label": "agrees", "weight": 1}]})
    evaluation = add_evaluation(run, 40, 0.5)
    evaluation.scores = {name: {"mean": mean} for name, mean in (("judge", 3), ("agrees", 4), ("drift/kl", 9))}
    evaluation.save()
    found = refreshed(run)
    assert (found["score"], found["best"]) == (4, 4)
    assert found["score/sandbox:in_domain/drift/kl"] == 9 and "best/sandbox:in_domain/drift/kl" not in found


def test_a_score_that_is_no_number_is_left_out(lab):
    run = add_run(lab.experiment)
    evaluation = add_evaluation(run, 40, 0.5)
    evaluation.scores = {"sandbox_soft_tifa": {"mean": None}, "other": {"mean": "NaN"}}
    evaluation.save()
    assert refreshed(run) == {}


def test_of_a_point_that_two_attempts_wrote_the_later_counts(lab):
    run = add_run(lab.experiment)
    add_point(run, "reward/mean", 5, 1.0)
    resume(run, 5)
    add_point(run, "reward/mean", 5, 2.0)
    assert refreshed(run) == {"reward/mean": 2.0}
