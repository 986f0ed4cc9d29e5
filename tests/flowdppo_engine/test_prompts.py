import json

import pytest

from flowdppo_engine.prompts import ROOT_VARIABLE, Prompt, Question, load_prompts

LINE = {"prompt": "two dogs", "atom_count": 2, "vqa_list": [["How many dogs?", "two"]], "skills": ["count"]}


def test_a_text_file_has_one_prompt_a_line(tmp_path):
    (tmp_path / "set.txt").write_text("a cat\n\n  two dogs \n")
    assert load_prompts(str(tmp_path / "set.txt")) == [Prompt("a cat"), Prompt("two dogs")]


def test_geneval2_files_bring_questions_and_skills(tmp_path):
    (tmp_path / "set.jsonl").write_text(json.dumps(LINE) + "\n")
    (prompt,) = load_prompts(str(tmp_path / "set.jsonl"))
    assert prompt == Prompt("two dogs", (Question("How many dogs?", "two"),), ("count",), atom_count=2)


def test_a_geneval2_file_may_leave_out_skills_and_atom_count(tmp_path):
    line = {"prompt": "two dogs", "vqa_list": [["How many dogs?", 2], ["Any dogs?", "Yes"]], "skills": None}
    (tmp_path / "set.jsonl").write_text(json.dumps(line) + "\n")
    (prompt,) = load_prompts(str(tmp_path / "set.jsonl"))
    assert prompt.skills == () and prompt.atom_count == 2
    assert prompt.questions[0].answer == "2"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("set.csv", "a,b", "is neither .txt"),
        ("set.txt", "\n \n", "is empty"),
        ("set.jsonl", '{"prompt": "a cat"}', "set.jsonl, line 1 is not in GenEval2's format"),
        ("set.jsonl", json.dumps(LINE | {"skills": ["count", "verb"]}), "it has 1 questions and 2 skills"),
        ("set.jsonl", json.dumps(LINE | {"vqa_list": [["How many dogs?"]]}), "line 1 is not in GenEval2's format"),
        ("set.jsonl", json.dumps(LINE | {"prompt": 5}), "`prompt` is no text"),
        ("set.jsonl", json.dumps(LINE | {"vqa_list": [[["many"], "two"]]}), "a question is no text"),
        ("set.jsonl", '{"prompt": "a", "vqa_list": [], "atom_count": 1e999}', "line 1 is not in GenEval2's format"),
        ("set.jsonl", "[" * 100_000, "line 1 is not in GenEval2's format"),
        ("set.jsonl", "no json", "set.jsonl, line 1 is not in GenEval2's format"),
    ],
)
def test_what_cannot_be_read_is_told_with_the_remedy(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=message):
        load_prompts(str(tmp_path / name))


def test_relative_files_are_looked_for_in_the_folder_that_the_environment_names(tmp_path, monkeypatch):
    (tmp_path / "set.txt").write_text("a cat\n")
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path))
    assert load_prompts("set.txt") == load_prompts(str(tmp_path / "set.txt")) == [Prompt("a cat")]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match="was not found: give the path"):
        load_prompts(str(tmp_path / "none.txt"))


@pytest.mark.parametrize("source", ["sandbox:none", "sandbox:../prompts/train", "sandbox:"])
def test_only_the_sandboxs_own_sets_answer_to_its_name(source):
    with pytest.raises(ValueError, match="the sandbox has sandbox:in_domain, sandbox:out_of_domain, sandbox:train"):
        load_prompts(source)
