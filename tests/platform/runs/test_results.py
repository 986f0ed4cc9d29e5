"""Evaluations as a table, and figures as people read them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from runs.models import Evaluation
from runs.results import Estimate, score_rows
from runs.templatetags import figures


def evaluation(iteration: int, mean: float, prompt_set: str = "in", difference: float | None = None) -> Evaluation:
    return Evaluation(
        iteration=iteration,
        prompt_set=prompt_set,
        num_prompts=8,
        scores={"r": {"mean": mean, "low": mean - 1, "high": mean + 1, "per_prompt": []}},
        difference={} if difference is None else {"r": {"mean": difference, "low": 0.1, "high": 0.3}},
    )


def test_the_newest_evaluation_stands_against_the_base_model():
    rows = score_rows([evaluation(0, 4.0), evaluation(20, 5.0, difference=1.0), evaluation(40, 6.0, difference=2.0)])
    (row,) = rows
    assert (row.before, row.after, row.iteration) == (Estimate(4.0, 3.0, 5.0), Estimate(6.0, 5.0, 7.0), 40)
    assert row.difference == Estimate(2.0, 0.1, 0.3)


def test_before_training_there_is_only_the_base_model():
    (row,) = score_rows([evaluation(0, 4.0)])
    assert (row.before, row.after, row.difference) == (Estimate(4.0, 3.0, 5.0), None, None)


def test_drift_comes_last_with_the_prompts_that_it_was_measured_on():
    one = evaluation(20, 5.0)
    one.scores = {"drift/kl_nats": {"mean": 6.0, "low": 5.0, "high": 7.0, "per_prompt": [6.0] * 3}} | one.scores
    rows = score_rows([one])
    assert [(row.reward, row.is_drift, row.num_prompts) for row in rows] == [
        ("r", False, 8),
        ("drift/kl_nats", True, 3),
    ]


def test_each_prompt_set_has_rows_of_its_own():
    rows = score_rows([evaluation(0, 4.0), evaluation(0, 2.0, "out"), evaluation(9, 5.0), evaluation(9, 3.0, "out")])
    assert [(row.prompt_set, row.before.mean, row.after.mean) for row in rows] == [("in", 4.0, 5.0), ("out", 2.0, 3.0)]
    assert score_rows([]) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.58712, "0.587"),
        (54.23, "54.2"),
        (1234.5, "1,234"),
        (1.234e-6, "1.2e-6"),
        (0, "0"),
        (None, "–"),
        ("NaN", "nan"),
    ],
)
def test_figures_have_three_digits(value, text):
    assert figures.figure(value) == text
    assert figures.figure("NaN") == "nan"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3600, "1 h"),
        (12000, "3 h 20 min"),
        (50000, "13 h"),
        (4 * 86400, "4 d"),
    ],
)
def test_durations_are_told_in_the_unit_that_fits(seconds, text):
    assert figures.duration(seconds) == text


def test_scores_have_three_figures_on_any_scale():
    assert [figures.score(value) for value in (53.04, 0.5304, 5.304, 100, None)] == [
        "53.0",
        "0.530",
        "5.30",
        "100.0",
        "–",
    ]


def test_differences_carry_their_sign_and_a_verdict():
    assert [figures.change(value) for value in (0.1, -0.1, None)] == ["+0.100", "−0.100", "–"]
    assert [figures.change(value) for value in (17.34, -2.5)] == ["+17.3", "−2.50"]
    verdicts = [figures.verdict({"low": low, "high": high}) for low, high in [(1, 2), (-2, -1), (-1, 1)]]
    assert verdicts == ["better", "worse", "open"]
    assert figures.verdict(None) == "none"


def test_times_are_told_from_now():
    now = timezone.now()
    assert figures.ago(now - timedelta(minutes=5)) == "5 min ago"
    assert figures.between(now - timedelta(hours=2), now) == "2 h"
    assert [figures.ago(None), figures.between(None, now), figures.duration(None)] == ["–", "–", "–"]
