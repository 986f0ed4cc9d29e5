"""How far people agree."""

import pytest

from votes.agreement import Agreement, agreement, agreement_of, krippendorff_alpha
from votes.verdicts import Outcome, Verdict

LETTERS = {"1": Outcome.FIRST, "2": Outcome.SECOND, "=": Outcome.TIE, "b": Outcome.BAD}


def verdicts(**said: str) -> list[Verdict]:
    """Each person's answers to the pairs in turn; a dot is one that they did not judge."""
    return [
        Verdict(pair, 0, 1, "", person, LETTERS[letter])
        for person, letters in said.items()
        for pair, letter in enumerate(letters)
        if letter != "."
    ]


def test_people_agree_who_say_the_same_and_even_is_even():
    said = verdicts(ann="112=", bob="12.b", eve="1...")
    assert agreement(said) == Agreement(num=5, num_same=4)
    assert agreement_of("ann", said) == Agreement(num=4, num_same=3)
    assert agreement_of("eve", said).share == 1.0
    assert agreement(verdicts(ann="12")).share is None


def test_who_has_no_name_any_more_is_left_out():
    said = [*verdicts(ann="12"), *(Verdict(pair, 0, 1, "", None, Outcome.FIRST) for pair in (0, 0, 1))]
    assert agreement(said).num == 0 and krippendorff_alpha(said) is None


def test_alpha_of_two_people_is_krippendorffs_own_example():
    """Ten units, two values (Computing Krippendorff's Alpha-Reliability, 2011, section A): 0.095."""
    said = verdicts(meg="2122222222", owen="1112212122")
    assert krippendorff_alpha(said) == pytest.approx(0.095, abs=5e-4)


def test_alpha_of_many_people_with_gaps_is_the_one_published():
    """Section C of the same: four observers, twelve units, nominal: 0.743."""
    rows = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")
    names = dict(zip("12345", "abcde", strict=True))
    said = [
        Verdict(unit, 0, 1, "", person, _Value(names[letter]))
        for person, letters in enumerate(rows)
        for unit, letter in enumerate(letters)
        if letter != "."
    ]
    assert krippendorff_alpha(said) == pytest.approx(0.743, abs=5e-4)


def test_alpha_is_one_where_all_agree_and_unknown_where_there_is_nothing_to_tell():
    assert krippendorff_alpha(verdicts(ann="12=", bob="12b")) == 1.0
    assert krippendorff_alpha(verdicts(ann="11", bob="11")) is None
    assert krippendorff_alpha(verdicts(ann="12")) is None


class _Value:
    """Five values, where votes have three."""

    def __init__(self, score: str):
        self.score = score
