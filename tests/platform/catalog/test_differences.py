"""The visible difference between two versions."""

import json

from catalog import differences
from catalog.contents import rewards_content
from catalog.differences import Change, PromptFile, field_changes, prompt_difference

QUESTIONS = [["How many cats?", "two"]]


def text(*prompts: str) -> PromptFile:
    return PromptFile("text", "".join(f"{prompt}\n" for prompt in prompts))


def questioned(**prompts) -> PromptFile:
    lines = [json.dumps({"prompt": prompt, "vqa_list": questions}) for prompt, questions in prompts.items()]
    return PromptFile("geneval2", "\n".join(lines) + "\n")


def rewards(*blocks) -> list:
    return rewards_content(blocks).data


def test_fields_of_a_model():
    before = {"family": "sd3", "source": "owner/a", "revision": None}
    assert field_changes("model", before, before | {"revision": "v2"}) == [Change("revision", "null", "v2")]


def test_rewards_are_held_against_each_other_by_name():
    before = rewards({"name": "pick_score"}, {"name": "ocr"})
    after = rewards({"name": "pick_score", "weight": 2, "frames": {"num_frames": 8}}, {"name": "aesthetic"})
    assert field_changes("rewards", before, after) == [
        Change("pick_score.weight", "1.0", "2.0"),
        Change("pick_score.frames.num_frames", "4", "8"),
        Change("ocr", "ocr, weight 1", None),
        Change("aesthetic", None, "aesthetic, weight 1"),
    ]


def test_another_order_is_a_change_where_it_is_the_only_one():
    before, after = rewards({"name": "ocr"}, {"name": "hpsv2"}), rewards({"name": "hpsv2"}, {"name": "ocr"})
    assert field_changes("rewards", before, after) == [Change("order", "ocr, hpsv2", "hpsv2, ocr")]
    assert field_changes("rewards", before, before) == []


def test_prompts_that_came_and_went():
    found = prompt_difference(text("a cat", "a dog", "a fish"), text("a dog", "a bird", "a cat"))
    assert (found.added, found.removed, found.num_same) == (("a bird",), ("a fish",), 2)
    assert found.is_reordered and not found.is_none
    assert prompt_difference(text("a cat"), text("a cat")).is_none


def test_a_prompt_with_other_questions_is_changed_not_replaced():
    before = questioned(**{"two cats": QUESTIONS, "a dog": []})
    found = prompt_difference(before, questioned(**{"two cats": [["Any cats?", "yes"]], "a dog": []}))
    assert (found.changed, found.num_added, found.num_removed, found.num_same) == (("two cats",), 0, 0, 1)


def test_questions_for_what_was_plain_text():
    found = prompt_difference(text("two cats"), questioned(**{"two cats": QUESTIONS}))
    assert (found.num_changed, found.num_same) == (1, 0)


def test_only_the_first_are_shown_and_all_are_counted():
    many = [f"prompt {number}" for number in range(differences.NUM_SHOWN + 1)]
    found = prompt_difference(text("a cat"), text(*many))
    assert (len(found.added), found.num_added, found.is_cut) == (differences.NUM_SHOWN, len(many), True)
