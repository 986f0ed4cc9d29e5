"""Panels are found in a report, and everything that does not fit is told by line, key and value, with what helps."""

from uuid import uuid4

import pytest

from reports.blocks import Block, split
from reports.kinds import KINDS
from reports.pieces import MOST_PANELS, Placed, Prose, panels_of, take_apart
from tests.platform.reports.desk import panel

RUN = str(uuid4())


def problems_in(text: str) -> list[tuple]:
    return [(one.line, one.key, one.value, one.message) for placed in panels_of(text) for one in placed.problems]


def test_a_report_is_prose_and_panels_in_their_order():
    parts = ["# One", panel("curves", f"runs: {RUN}"), "Two", "```python\nx = 1\n```", panel("note")]
    pieces = take_apart("\n\n".join(parts))
    assert [type(piece) for piece in pieces] == [Prose, Placed, Prose]
    assert "<h3>One</h3>" in pieces[0].html
    # Code stays code, and so does what is no kind of panel.
    assert "x = 1" in pieces[2].html and "Two" in pieces[2].html


def test_lines_are_counted_in_the_report():
    [block] = [part for part in split(f"a\n\nb\n\n{panel('curves', '', 'runs: x')}", KINDS) if isinstance(part, Block)]
    assert (block.line, [(entry.line, entry.key, entry.value) for entry in block.entries]) == (5, [(7, "runs", "x")])


@pytest.mark.parametrize(
    "lines, expected",
    [
        ([f"runs: {RUN}", "metrics: reward/mean"], []),
        ([f"runs: {RUN}", "colour: red"], [(3, "colour", "", "is no key of curves")]),
        ([], [(1, "runs", "", "is missing: give ids of runs")]),
        (["runs: what"], [(2, "runs", "", "'what' is no run's id: copy it")]),
        ([f"runs: {RUN}", f"runs: {RUN}"], [(3, "runs", RUN, "stands there twice")]),
        ([f"runs: {RUN}", "smoothing: 1.5"], [(3, "smoothing", "1.5", "is no number from 0 to 0.99")]),
        ([f"runs: {RUN}", "smoothing: nan"], [(3, "smoothing", "nan", "is no number")]),
        ([f"runs: {RUN}", "x: time"], [(3, "x", "time", "is none of iteration, step")]),
        ([f"runs: {RUN}", "just words"], [(3, "", "just words", "write a key, a colon and a value")]),
        ([f"runs: {', '.join([RUN] * 25)}"], [(2, "runs", "", "has 25 entries: give at most 24")]),
        ([f"runs: {RUN}", f"title: {'x' * 201}"], [(3, "title", f"{'x' * 80}…", "give at most 200")]),
        ([f"runs: {RUN}", f"title: {'x' * 5000}"], [(3, "title", f"{'x' * 40}…", "longer than 4000")]),
    ],
)
def test_what_does_not_fit_is_told(lines, expected):
    found = problems_in(panel("curves", *lines))
    assert [one[:3] for one in found] == [one[:3] for one in expected]
    assert all(words in one[3] for one, (*_, words) in zip(found, expected, strict=True))


@pytest.mark.parametrize(
    "kind, lines, words",
    [
        ("grid", ["policies: 12"], "'12' names no policy: give a run's id, @ and an iteration"),
        ("grid", [f"policies: {RUN}@4", "num_prompts: 31"], "is no whole number from 1 to 30"),
        ("grid", [f"policies: {RUN}@4", "seed: -1"], "is no whole number from 0"),
        ("grid", [f"policies: {RUN}@4", *["prompt: a"] * 31], "stands there 31 times: give at most 30"),
        ("grid", [f"policies: {RUN}@4", "prompt:"], "is empty"),
        ("pictures", ["refs: s0"], "'s0' names no picture"),
        ("pictures", [], "give short names of pictures"),
        ("table", ["runs:"], "is missing"),
        ("frontier", [f"runs: {RUN}", "scores: x"], "there are runs, prompt_set, reward, title"),
    ],
)
def test_each_kind_tells_what_it_needs(kind, lines, words):
    assert any(words in one[3] for one in problems_in(panel(kind, *lines)))


def test_each_kind_takes_the_keys_that_its_help_names():
    for kind in KINDS.values():
        told = {message for *_, message in problems_in(panel(kind.name, "what: x"))}
        names = [name for name, _ in kind.keys]
        assert any(f"there are {', '.join([*names, 'title'])}." in message for message in told)


def test_a_report_has_so_many_panels():
    text = "\n\n".join([panel("curves", f"runs: {RUN}")] * (MOST_PANELS + 1))
    placed = panels_of(text)
    assert [one.panel is None for one in placed] == [False] * MOST_PANELS + [True]
    assert "at most 30" in placed[-1].problems[0].message


def test_html_is_shown_as_text():
    assert "&lt;script&gt;" in take_apart("<script>alert(1)</script>")[0].html
