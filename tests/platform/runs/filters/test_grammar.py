"""What a filter says, and what is wrong with one that says nothing."""

import pytest

from runs.filters.errors import FilterError
from runs.filters.grammar import All, Any, Comparison, Not, Text, Value, read


def compare(field: str, operator: str, *values: str) -> Comparison:
    return Comparison(field, operator, tuple(Value(value, False) for value in values))


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("", All(())),
        ("  circle  ", Text("circle")),
        ('"a circle" red', All((Text("a circle"), Text("red")))),
        ("red, blue", All((Text("red"), Text("blue")))),
        (r'"says \"and\""', Text('says "and"')),
        ("seed=1", compare("seed", "=", "1")),
        ("seed == 1,2 , 3", compare("seed", "=", "1", "2", "3")),
        ('name = "a, b"', Comparison("name", "=", (Value("a, b", True),))),
        ("reward/mean>-1e-5", compare("reward/mean", ">", "-1e-5")),
        ('"score/my set/x" <= 1', compare("score/my set/x", "<=", "1")),
        ("tag != x", Not(compare("tag", "=", "x"))),
        ("tag !~ x", Not(compare("tag", "~", "x"))),
        ("a or b c", Any((Text("a"), All((Text("b"), Text("c")))))),
        ("(a OR b) And c", All((Any((Text("a"), Text("b"))), Text("c")))),
        ("not a b", All((Not(Text("a")), Text("b")))),
        ("not (a b)", Not(All((Text("a"), Text("b"))))),
        ('"or"', Text("or")),
    ],
)
def test_a_filter_says(text, meaning):
    assert read(text) == meaning


@pytest.mark.parametrize(
    ("text", "word", "remedy"),
    [
        ("(a", "(", "has no closing one"),
        ("a)", ")", "has no opening one"),
        ("()", ")", "nothing before it"),
        ('"abc', '"abc', "no closing quotation mark"),
        ("reward/mean >", "reward/mean >", "a value is missing"),
        ("reward/mean > and b", "reward/mean >", "a value is missing"),
        ("seed = 1,", "seed =", "a value is missing"),
        ("> 3", ">", "a field is missing"),
        ("a and", "and", "something is missing"),
        ("or a", "or", "one is missing"),
        ("a ! b", "! b", "write !="),
        ("a\x00b", "a\x00b", "type it anew"),
        ("\ud800", "\ud800", "type it anew"),
        ("(" * 30 + "a", "(", "more than 20 deep"),
        ("not " * 30 + "a", "(", "more than 20 deep"),
        ("a " * 51, "a", "more than 50 things"),
        ("a" * 1001, "a" * 40, "at most 1,000"),
    ],
)
def test_what_is_wrong_is_named_with_its_remedy(text, word, remedy):
    with pytest.raises(FilterError, match=".") as refused:
        read(text)
    assert refused.value.word == word
    assert remedy in str(refused.value)
