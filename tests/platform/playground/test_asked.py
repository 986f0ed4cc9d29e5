"""What an address asks for, and what is wrong with it, in words."""

from uuid import uuid4

import pytest
from django.http import QueryDict

from pictures.policies import PolicyRef
from playground.asked import Asked, read_asked, read_seeds, write_seeds

RUN = uuid4()


def test_an_address_reads_as_it_is_written():
    refs = (PolicyRef(RUN, 40), PolicyRef(RUN, 0))
    asked = Asked(refs, "a red & a blue circle, 1-4", (1, 2, 3, 9), 12, 2.5)
    assert read_asked(QueryDict(asked.query)) == (asked, {})
    assert f"policies={RUN}@40,{RUN}@0&prompt=a+red" in asked.query and asked.address.startswith("/playground/?")


def test_what_is_not_said_is_left_open():
    assert read_asked(QueryDict("")) == (Asked(), {})
    assert Asked((PolicyRef(RUN, 0),), "a", (1,)).query == f"policies={RUN}@0&prompt=a&seeds=1"


def test_boxes_that_are_ticked_are_read_as_well_and_each_once():
    asked, _ = read_asked(QueryDict(f"policies={RUN}@4&policies={RUN}@0,{RUN}@4"))
    assert [ref.iteration for ref in asked.policies] == [4, 0]


def test_spaces_make_no_other_prompt():
    assert read_asked(QueryDict("prompt=++a++red%0Acircle+"))[0].prompt == "a red circle"


@pytest.mark.parametrize(
    ("text", "seeds"), [("7", (7,)), ("1-4", (1, 2, 3, 4)), ("3, 1 3", (3, 1)), ("1-2,9", (1, 2, 9)), ("0", (0,))]
)
def test_seeds(text, seeds):
    assert read_seeds(text) == seeds == read_seeds(write_seeds(seeds))


@pytest.mark.parametrize("text", ["x", "-1", "1.5", "4-1", "1-9", "1,2,3,4,5,6,7,8,9", ",", "9" * 17, str(2**53)])
def test_what_is_no_seed_is_told(text):
    with pytest.raises(ValueError, match="^seeds = "):
        read_seeds(text)


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ("policies=x", "policies", "names no policy"),
        ("policies=" + ",".join(f"{RUN}@{n}" for n in range(5)), "policies", "more than 4 checkpoints"),
        ("prompt=" + "a" * 2001, "prompt", "has 2001 characters: give at most 2000"),
        ("prompt=a%00b", "prompt", "cannot be printed"),
        ("seeds=a", "seeds", "no seed"),
        ("steps=0", "num_steps", "a whole number from 1 to 200"),
        ("steps=2.5", "num_steps", "a whole number"),
        ("steps=201", "num_steps", "from 1 to 200"),
        ("guidance=0.5", "guidance_scale", "a number from 1 to 30"),
        ("guidance=nan", "guidance_scale", "a number from 1 to 30"),
    ],
)
def test_what_is_wrong_is_told_and_the_rest_is_read(query, field, message):
    asked, problems = read_asked(QueryDict(f"{query}&{'prompt=a' if field != 'prompt' else 'seeds=5'}"))
    assert list(problems) == [field] and message in problems[field]
    assert asked.prompt == "a" or asked.seeds == (5,)
