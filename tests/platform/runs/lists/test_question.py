"""What is asked of a list stands in the address, and comes back from there."""

import pytest
from django.http import QueryDict

from runs.filters import FilterError
from runs.lists.columns import column_of
from runs.lists.question import Question
from runs.models import Run
from tests.platform.lab import add_run


def ask(query: str) -> Question:
    return Question.of(QueryDict(query))


@pytest.mark.parametrize(
    "query",
    [
        "",
        "q=reward%2Fmean+%3E+0.6&state=running&tag=keep&person=me&since=2026-11-01&until=2026-11-02",
        "archived=only&sort=-reward/mean&column=seed&column=reward/mean",
        "sort=trust_region.threshold.value",
    ],
)
def test_an_address_says_what_was_asked(query):
    assert ask(ask(query).address()) == ask(query)


def test_another_order_or_other_columns_begin_at_the_first_page():
    asked = ask("q=a&after=abc")
    assert asked.after == "abc"
    assert "after" not in asked.address(sort="name") and "after=x" in asked.address(after="x")


def test_a_column_is_sorted_by_and_then_the_other_way_round():
    number, text = column_of("reward/mean"), column_of("name")
    assert ask("").sorted_by(number) == "sort=-reward/mean"
    assert ask("sort=-reward/mean").sorted_by(number) == "sort=reward/mean"
    assert ask("").sorted_by(text) == "sort=name"
    assert ask("sort=name").sorted_by(text) == "sort=-name"


@pytest.mark.parametrize("query", ["sort=nonsense", "since=yesterday", "until=2026-99-99", "archived=all", "page=3"])
def test_what_is_no_choice_is_as_if_it_were_not_there(query):
    assert ask(query) == Question()


def test_the_form_and_the_text_must_both_hold(lab):
    runs = {name: add_run(lab.experiment, name, state) for name, state in [("a1", "failed"), ("a2", "running")]}
    add_run(lab.experiment, "b", "failed")

    def found(query: str) -> list[str]:
        return [run.name for run in Run.objects.filter(ask(query).condition(lab.member), experiment=lab.experiment)]

    assert found("q=name+~+a&state=failed") == ["a1"]
    assert found("since=2000-01-01&until=2100-01-01&q=a2") == ["a2"]
    assert found("until=2000-01-01") == []
    Run.objects.filter(id=runs["a1"].id).update(archived_at=runs["a1"].created_at, tags=["keep"])
    assert found("q=name+~+a") == ["a2"]
    assert found("q=name+~+a&archived=only&tag=keep") == ["a1"]
    assert found("q=name+~+a&archived=with&sort=name") == ["a2", "a1"]


@pytest.mark.parametrize("query", ["q=stat+%3D+x", "state=done", "q=%28"])
def test_what_says_nothing_is_told(query, lab):
    with pytest.raises(FilterError, match="."):
        ask(query).condition(lab.member)
