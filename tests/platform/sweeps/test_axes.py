"""What is to vary, as a person writes it."""

import pytest

from sweeps.axes import AxesInvalid, Axis, check_axis, format_value, parse_axes, parse_seeds
from tests.platform.lab import CONFIG


def parsed(text: str) -> list[tuple]:
    return [(axis.knob, axis.values) for axis in parse_axes(text, CONFIG)]


def test_a_line_for_each_knob():
    text = "# the rates\noptimizer.lr: 1e-5, 3e-5\n\ntrust_region: none, ratio_clip\n"
    text += "rollout.shared_initial_noise: on, off"
    assert parsed(text) == [
        ("optimizer.lr", (1e-5, 3e-5)),
        ("trust_region", ("none", "ratio_clip")),
        ("rollout.shared_initial_noise", (True, False)),
    ]


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("lora.alpha: 1 to 9 in 5", (1.0, 3.0, 5.0, 7.0, 9.0)),
        ("lora.alpha: linear 0.5 to 1 in 2", (0.5, 1.0)),
        ("optimizer.lr: log 1e-6 to 1e-4 in 3", (1e-6, 1e-5, 1e-4)),
        ("optimizer.lr: log 1e-6 to 1e-5 in 3", (1e-6, 3.162e-6, 1e-5)),
        ("lora.rank: LOG 4 to 64 in 5", (4, 8, 16, 32, 64)),
        ("lora.rank: 8, many", (8, "many")),
        ("update.guidance_scale: null, 1.5", (None, 1.5)),
        ("evaluation.prompt_sets: ['sandbox:in_domain'], [a, b]", (["sandbox:in_domain"], ["a", "b"])),
        ("model.source: 7, 'a, b'", ("7", "a, b")),
    ],
)
def test_values_and_ranges(line, values):
    assert parsed(line)[0][1] == pytest.approx(values) if "in " in line else parsed(line)[0][1] == values


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("optimizer.lr", "Line 1: write the knob, a colon, and its values"),
        ("optimizer.lr:", "Line 1: write the knob"),
        ("seed: 1, 2", "Line 1: Seeds have a field of their own"),
        ("lora.rnak: 1", "Line 1: There is no knob lora.rnak"),
        ("\nlora.rank: 8, 8", "Line 2: lora.rank has 8 twice"),
        ("lora.rank: 8\nlora.rank: 9", "Line 2: lora.rank stands in two lines"),
        ("lora.rank: [8", "Line 1: “\\[8” is no list of values"),
        ("lora.rank: *x", "It has the alias \\*x"),
        (f"lora.rank: {'[' * 9000}", "It is nested too deeply"),
        ("lora.rank: 2026-01-01", "takes numbers, texts"),
        ("lora.rank: {a: 1}", "takes numbers, texts"),
        ('tracking.project: "a\\0b"', "has a character that no text may have"),
        ('evaluation.prompt_sets: ["\\uD800"]', "has a character that no text may have"),
        ("lora.rank: log 0 to 8 in 3", "runs between two numbers above 0"),
        ("lora.rank: 1 to 8 in 1", "A range has from 2 to 100 values"),
        ("lora.rank: 1 to nan in 3", "A range has from 2 to 100 values"),
        ("lora.rank: 1 to 2 in 3", "lora.rank has 2 twice"),
        ("lora.rank: a to b in 3", "“a to b” is no range"),
        ("trust_region: 1 to 2 in 3", "trust_region is no number"),
        ("lora.rank: 1 to 900 in 101", "A range has from 2 to 100 values"),
        (f"lora.rank: {list(range(1, 102))}"[:-1].replace("[", ""), "has 101 values: give from 1 to 100"),
        ("x" * 10_001, "It has 10,001 characters"),
    ],
)
def test_what_describes_nothing_is_refused_with_its_line(text, message):
    with pytest.raises(AxesInvalid, match=message):
        parse_axes(text, CONFIG)


def test_every_wrong_line_is_told():
    with pytest.raises(AxesInvalid) as caught:
        parse_axes("a: 1\nlora.rank: 1, 1\nema.decay: 0.5", CONFIG)
    assert [message[:7] for message in caught.value.messages] == ["Line 1:", "Line 2:"]


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("", (42,)), (" 3 ", (3,)), ("0 to 3", (0, 1, 2, 3)), ("1, 5-7, 9", (1, 5, 6, 7, 9)), ("2 – 3", (2, 3))],
)
def test_seeds(text, seeds):
    assert parse_seeds(text, default=42) == seeds


NO_SEEDS = ["many", "-1", "1.5", "3 to 1", "0 to 100", "1, 1", "0 to 3, 2", "2147483648", "9" * 5000]


@pytest.mark.parametrize("text", NO_SEEDS)
def test_what_are_no_seeds_is_refused(text):
    with pytest.raises(AxesInvalid):
        parse_seeds(text, default=0)


def test_values_are_told_as_people_type_them():
    values = (1e-5, 8, True, None, "mean", [1e-6, "a"], float("inf"))
    assert [format_value(value) for value in values] == ["1e-5", "8", "on", "empty", "mean", "[1e-6, a]", "inf"]


def test_an_axis_from_a_program_is_checked_alike():
    assert check_axis("trust_region.divergence_mask.threshold.value", ["1e-6", 1], CONFIG) == Axis(
        "trust_region.threshold.value", (1e-6, 1)
    )
    with pytest.raises(ValueError, match="0 values"):
        check_axis("lora.rank", [], CONFIG)
