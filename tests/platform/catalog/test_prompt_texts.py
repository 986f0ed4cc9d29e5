"""Prompt sets as people upload and paste them: what is kept of them, and what is said of what does not fit."""

import json

import pytest

from catalog import prompt_texts
from catalog.prompt_texts import GENEVAL2, TEXT, read_prompts
from flowdppo_engine.prompts import SANDBOX_PROMPTS, load_prompts
from runs.config_errors import ConfigInvalid

QUESTIONED = {"prompt": "two cats", "vqa_list": [["How many cats are there?", "two"]], "skills": ["count"]}


def refusals(raw) -> list[str]:
    with pytest.raises(ConfigInvalid) as caught:
        read_prompts(raw)
    assert list(caught.value.errors) == ["prompts"]
    return caught.value.errors["prompts"]


def lines_of(*objects) -> str:
    return "\n".join(json.dumps(one) for one in objects)


def test_plain_text_is_a_prompt_a_line_without_doubles_and_empty_lines():
    found = read_prompts("a cat\r\n\n  two dogs \na cat\n")
    assert (found.format, found.text, found.num_duplicates) == (TEXT, "a cat\ntwo dogs\n", 1)
    assert found.facts == {
        "format": "text",
        "num_prompts": 2,
        "num_duplicates": 1,
        "num_questions": 0,
        "skills": {},
        "atoms": {},
        "longest": 8,
    }


def test_a_file_may_begin_with_a_byte_order_mark():
    assert read_prompts("\ufeffein Kätzchen".encode()).lines == ("ein Kätzchen",)


def test_geneval2_is_understood_and_its_skills_are_counted():
    other = {**QUESTIONED, "prompt": "a dog left of two cats", "skills": ["position"], "atom_count": 5}
    found = read_prompts(lines_of(QUESTIONED, other))
    assert (found.format, found.facts["num_questions"]) == (GENEVAL2, 2)
    assert found.facts["skills"] == {"count": 1, "position": 1} and found.facts["atoms"] == {"1": 1, "5": 1}


def test_the_sandboxs_own_set_comes_back_as_the_engine_reads_it(tmp_path):
    path = SANDBOX_PROMPTS / "train.jsonl"
    found = read_prompts(path.read_bytes())
    (tmp_path / "again.jsonl").write_text(found.text)
    assert load_prompts(str(tmp_path / "again.jsonl")) == load_prompts("sandbox:train") == list(found.prompts)


def test_json_without_questions_is_plain_text():
    found = read_prompts(lines_of({"prompt": "a cat", "id": 1}, {"prompt": "{curly}"}))
    assert (found.format, found.lines) == (TEXT, ("a cat", "{curly}"))


def test_the_same_prompt_with_the_same_questions_stands_once_however_it_is_written():
    turned = dict(reversed(QUESTIONED.items()))
    asked_otherwise = QUESTIONED | {"vqa_list": [["Is there a cat?", "yes"]], "skills": ["object"]}
    found = read_prompts(lines_of(QUESTIONED, turned, asked_otherwise))
    assert (len(found.lines), found.num_duplicates) == (2, 1)


@pytest.mark.parametrize("character", ["\u2028", "\x85"])
def test_rare_line_breaks_within_a_json_text_break_no_line(character, tmp_path):
    raw = json.dumps(QUESTIONED | {"prompt": f"a{character}b"}, ensure_ascii=False)
    (tmp_path / "set.jsonl").write_text(read_prompts(raw).text)
    (prompt,) = load_prompts(str(tmp_path / "set.jsonl"))
    assert prompt.text == f"a{character}b"


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (" \n\n", "Empty: give at least one prompt."),
        (b"a cat\n\xff\xfe", "Line 2 is not UTF-8: save the file as UTF-8 text."),
        ("a cat\nb\0d", "Line 2 has a NUL character: take it out."),
        ("a cat\n" + "x" * 20_001, "Line 2 has 20,001 characters, more than 20,000: shorten it."),
        ('{"prompt": "a cat"}\n{"text": "a dog"}', "Line 2 has no “prompt”"),
        ('{"prompt": "a\\nb"}', "Line 1: its prompt has a line break"),
        ('{"prompt": "a"}\nno json', "Line 2 is no JSON object: write"),
        (lines_of(QUESTIONED) + "\nno json", "Line 2 is not in GenEval2's format"),
        (lines_of(QUESTIONED, {"prompt": "a dog"}), "Line 2 is not in GenEval2's format"),
        (lines_of(QUESTIONED | {"prompt": "half \ud800"}), "Line 1 has half a character"),
        (lines_of(QUESTIONED | {"prompt": "nul \0"}), "Line 1 has a NUL character"),
        ('{"prompt": ' + "[" * 10_000, "Line 1 is no JSON object"),
    ],
)
def test_what_does_not_fit_is_told_with_its_line_and_the_remedy(raw, message):
    (told,) = refusals(raw)
    assert told.startswith(message)


def test_line_numbers_count_empty_lines_too():
    assert refusals("\n\n" + "x" * 30_000)[0].startswith("Line 3 ")


def test_many_wrong_lines_are_told_briefly():
    told = refusals("\n".join(["a\0"] * 25))
    assert len(told) == prompt_texts.NUM_TOLD + 1 and told[-1] == "15 more lines do not fit."


def test_a_set_is_bounded_in_bytes_and_in_prompts(monkeypatch):
    monkeypatch.setattr(prompt_texts, "MAX_PROMPTS", 3)
    assert refusals("a\n\nb\nc\nd\n") == ["Line 5 is one more than 3 prompts: split the set."]
    monkeypatch.setattr(prompt_texts, "MAX_BYTES", 100_000)
    assert refusals("ä" * 60_000) == ["It has 0.1 MB, more than 0 MB: split the set."]
