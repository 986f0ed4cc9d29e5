"""Prompt sets are read, and held against the rewards, before a run is queued."""

import json
from types import SimpleNamespace

import pytest

from flowdppo_engine.config import RunConfig
from flowdppo_engine.prompt_checks import find_prompt_problems, named_prompt_sets

TIFA = [{"name": "sandbox_soft_tifa"}]
OCR = [{"name": "ocr"}]
QUALITY = [{"name": "sandbox_picture_quality", "weight": 1}]


def problems_of(train, *evaluated, rewards, **blocks) -> list[tuple[str, str]]:
    sets = {"prompts": {"train": str(train)}, "evaluation": {"prompt_sets": [str(path) for path in evaluated]}}
    config = RunConfig.model_validate({**sets, "rewards": rewards, **blocks})
    return [(problem.field, problem.message) for problem in find_prompt_problems(config)]


def test_the_sandbox_has_what_its_rewards_ask():
    assert not list(find_prompt_problems(RunConfig()))
    assert [field for field, _ in named_prompt_sets(RunConfig())] == ["prompts.train", *["evaluation.prompt_sets"] * 2]


def test_a_set_that_is_missing_is_named_with_its_field(tmp_path):
    (tmp_path / "good.txt").write_text("a cat")
    (problem,) = problems_of(tmp_path / "good.txt", tmp_path / "none.txt", rewards=QUALITY)
    assert problem[0] == "evaluation.prompt_sets" and "none.txt' was not found" in problem[1]


def test_a_path_too_long_for_the_disk_is_no_crash(tmp_path):
    ((field, message),) = problems_of("x" * 5000 + ".txt", rewards=QUALITY)
    assert field == "prompts.train" and "cannot be read" in message


@pytest.fixture
def sets(tmp_path):
    """Prompt files of which all, some or none have questions."""
    asked = {"prompt": "two dogs", "vqa_list": [["How many dogs?", "2"]]}
    lines = {"all": [asked, asked], "some": [{"prompt": "a cat", "vqa_list": []}, asked]}
    for name, some in lines.items():
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, some)))
    (tmp_path / "none.txt").write_text("a cat\na dog\n")
    return SimpleNamespace(all=tmp_path / "all.jsonl", some=tmp_path / "some.jsonl", none=tmp_path / "none.txt")


def test_training_prompts_without_questions_are_counted(sets):
    ((field, message),) = problems_of(sets.some, rewards=TIFA)
    assert field == "prompts.train"
    assert "1 of 2 prompts have no question for sandbox_soft_tifa, the first: 'a cat'" in message
    assert not problems_of(sets.some, rewards=QUALITY)


def test_an_evaluation_may_do_without_questions_but_not_for_some_prompts(sets):
    logged = [*TIFA, {"name": "sandbox_picture_quality", "weight": 0}]
    assert not problems_of(sets.all, sets.all, sets.none, rewards=logged)
    assert not problems_of(sets.none, sets.none, sets.some, rewards=QUALITY)
    ((field, message),) = problems_of(sets.all, sets.none, sets.some, rewards=logged)
    assert field == "evaluation.prompt_sets" and message.endswith("'a cat': put them into a set of their own.")
    assert "some.jsonl': 1 of 2 prompts have no question for sandbox_soft_tifa" in message


def test_a_set_that_no_reward_can_score_is_refused(sets):
    ((field, message),) = problems_of(sets.all, sets.none, rewards=TIFA)
    assert field == "evaluation.prompt_sets" and "every reward of the run asks some: leave out the set" in message


@pytest.mark.parametrize(
    ("best", "fine"),
    [(None, False), ("sandbox_soft_tifa_am", False), ("sandbox_picture_quality", True), ("sandbox_soft_tifa_x", True)],
)
def test_the_best_is_told_by_a_score_of_the_first_set(sets, best, fine):
    """A label may begin as another reward's name does: the longest one that fits owns a score."""
    rewards = [*TIFA, {"name": "sandbox_picture_quality", "weight": 0}]
    rewards += [{"name": "jpeg_compressibility", "weight": 0, "label": "sandbox_soft_tifa_x"}]
    checkpoint = {"keep_best": 1, "best_score": best}
    assert not problems_of(sets.all, sets.all, sets.none, rewards=rewards, checkpoint=checkpoint)
    problems = problems_of(sets.all, sets.none, sets.all, rewards=rewards, checkpoint=checkpoint)
    assert [field for field, _ in problems] == ["evaluation.prompt_sets"] * (not fine)
    assert fine or "told by sandbox_soft_tifa on the first set, but" in problems[0][1]


def test_text_to_be_read_must_be_quoted(tmp_path):
    path = tmp_path / "signs.txt"
    path.write_text('a sign that says "open"\na sign that says “closed”\na sign without words\n')
    ((_, message),) = problems_of(path, rewards=OCR)
    assert "1 of 3 prompts have no text in quotes for ocr, the first: 'a sign without words'" in message
