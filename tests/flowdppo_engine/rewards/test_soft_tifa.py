import numpy as np
import pytest

from flowdppo_engine.prompts import Prompt, Question
from flowdppo_engine.rewards.base import RewardError
from flowdppo_engine.rewards.soft_tifa import SoftTifa, all_right, answer_forms, check_questions

ANSWERS = [np.array([0.9, 0.4], np.float32), np.array([0.8, 0.6, 1.0], np.float32)]


@pytest.mark.parametrize(("aggregation", "expected"), [("am", [0.65, 0.8]), ("gm", [0.6, 0.48 ** (1 / 3)])])
def test_the_reward_is_the_mean_that_was_chosen_and_every_mean_is_logged(aggregation, expected):
    measured = SoftTifa("vqa", aggregation, 1e-6).measurement(ANSWERS, {"strict": all_right(ANSWERS)})
    assert measured.reward.tolist() == pytest.approx(expected, rel=1e-6)
    scores = {name: values.tolist() for name, values in measured.scores.items()}
    assert scores.pop("vqa_strict") == [0, 100]
    assert scores["vqa"] == pytest.approx([100 * value for value in expected])
    assert scores["vqa_am"] == pytest.approx([65, 80]) and scores["vqa_gm"] == pytest.approx(
        [60, 100 * 0.48 ** (1 / 3)]
    )


def test_the_smallest_probability_bounds_the_geometric_mean_alone():
    wrong = [np.array([0.0, 1.0])]
    assert SoftTifa("vqa", "gm", 1e-6).geometric_means(wrong).tolist() == pytest.approx([1e-3])
    assert SoftTifa("vqa", "gm", 1e-300).geometric_means(wrong).item() == pytest.approx(0, abs=1e-30)
    assert SoftTifa("vqa", "gm", 1e-6).arithmetic_means(wrong).tolist() == [0.5]


@pytest.mark.parametrize(
    ("answer", "forms"),
    [
        ("Yes", ["yes", "Yes", " yes", " Yes"]),
        ("four", ["four", "Four", " four", " Four", "4", " 4"]),
        ("7", ["seven", "Seven", " seven", " Seven", "7", " 7"]),
        (" No ", ["no", "No", " no", " No"]),
    ],
)
def test_the_forms_of_an_answer_are_geneval2s(answer, forms):
    assert answer_forms(Question("Is it so?", answer)) == forms


def test_a_prompt_without_questions_is_refused():
    with pytest.raises(RewardError, match="geneval2 needs prompts with questions, but 'plain' has none: use a .jsonl"):
        check_questions("geneval2", [Prompt("asked", (Question("Is it?", "Yes"),)), Prompt("plain")])
