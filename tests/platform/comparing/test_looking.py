"""What is on the screen, written into an address and read again."""

from uuid import UUID

import pytest

from comparing.looking import Looking, mark_of, parse_looking
from pictures.policies import PolicyRef
from pictures.refs import Ref

RUN = UUID("11111111-2222-3333-4444-555555555555")
ALL = Looking(
    policies=(PolicyRef(RUN, 0), PolicyRef(RUN, 40)),
    score="aesthetic",
    against=PolicyRef(RUN, 40),
    prompts=(mark_of("a circle"),),
    after=mark_of("a square"),
    seeds=(0, 7),
    items=(Ref("s", 12), Ref("d", 5)),
    mode="wipe",
    pair=(2, 1),
    zoom=2.5,
    x=0.25,
    y=0.75,
    wipe=12.5,
    gain=16,
    every=500,
    time=1250,
    speed=0.25,
)


def test_all_of_it_comes_back():
    assert parse_looking(ALL.as_query()) == ALL
    assert all(getattr(ALL, name) != default for name, default in vars(Looking()).items())


def test_the_address_is_short_and_plain():
    assert Looking(items=(Ref("s", 12), Ref("d", 5)), zoom=2.0).query == "items=s12,d5&zoom=2"
    assert Looking(policies=(PolicyRef(RUN, 40),), score="a b&c").query == f"policies={RUN}@40&score=a%20b%26c"
    assert Looking().query == ""


def test_what_is_empty_or_unknown_is_passed_over():
    assert parse_looking({"items": "", "page": "3", "zoom": ""}) == Looking()


def test_the_same_picture_is_compared_once():
    assert parse_looking({"items": "s1,s1,,s2"}).items == (Ref("s", 1), Ref("s", 2))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("items", "s1,x2", "'x2' names no picture"),
        ("items", ",".join(f"s{n}" for n in range(1, 10)), "9 are too many, give at most 8."),
        ("policies", "40", "names no policy"),
        ("against", f"{RUN}@40", "give one of the columns in policies, or leave it out."),
        ("mode", "upside-down", "give one of side, wipe, flicker, difference."),
        ("pair", "1,9", "give the places of two items"),
        ("zoom", "0.5", "give a number from 1 to 64."),
        ("zoom", "nan", "give a number from 1 to 64."),
        ("x", "left", "give a number from 0 to 1."),
        ("time", "1.5", "give a number from 0"),
        ("gain", "3", "give one of 1, 2, 4, 8, 16, 32, 64."),
        ("every", "1", "give one of 0, 250"),
        ("seeds", "1,-2", "give whole numbers with commas."),
        ("prompts", "a circle", "give marks of prompts"),
        ("score", "x" * 121, "at most 120 letters"),
    ],
)
def test_what_cannot_be_shown_is_told_with_its_remedy(name, text, said):
    with pytest.raises(ValueError) as refused:
        parse_looking({name: text})
    assert str(refused.value).startswith(f"{name} = {text[:20]}") and said in str(refused.value)
