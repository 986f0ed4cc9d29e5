"""Prompt sets are read, and held against the rewards, before a run is queued."""

import json

from flowdppo_engine.config import RunConfig
from flowdppo_engine.prompt_checks import find_prompt_problems, named_prompt_sets

OCR = [{"name": "ocr"}]
QUALITY = [{"name": "sandbox_picture_quality", "weight": 1}]


def problems_of(train, *evaluated, rewards) -> list[tuple[str, str]]:
    sets = {"prompts": {"train": str(train)}, "evaluation": {"prompt_sets": [str(path) for path in evaluated]}}
    config = RunConfig.model_validate({**sets, "rewards": rewards})
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


def test_prompts_without_questions_are_counted(tmp_path):
    lines = [{"prompt": "a cat", "vqa_list": []}, {"prompt": "two dogs", "vqa_list": [["How many dogs?", "2"]]}]
    path = tmp_path / "some.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    ((field, message),) = problems_of(path, rewards=[{"name": "sandbox_soft_tifa"}])
    assert field == "prompts.train"
    assert "1 of 2 prompts have no question for sandbox_soft_tifa, the first: 'a cat'" in message
    assert not problems_of(path, rewards=QUALITY)


def test_text_to_be_read_must_be_quoted(tmp_path):
    path = tmp_path / "signs.txt"
    path.write_text('a sign that says "open"\na sign that says “closed”\na sign without words\n')
    ((_, message),) = problems_of(path, rewards=OCR)
    assert "1 of 3 prompts have no text in quotes for ocr, the first: 'a sign without words'" in message
