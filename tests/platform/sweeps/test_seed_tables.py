"""Runs of an experiment that differ by their seed alone, as one row."""

import re

from django.urls import reverse

from runs.models import Run
from sweeps.results import MEASURES
from sweeps.seed_tables import seed_table, shared_name
from tests.platform.lab import CONFIG, add_run

SCORE = MEASURES[0]


def seeds_of(lab, scores: dict[int, float], name: str, **changes) -> list[Run]:
    return [
        add_run(
            lab.experiment,
            f"{name}, seed {seed}",
            config={**CONFIG, "seed": seed, **changes},
            summary={"score": score},
            state="finished",
        )
        for seed, score in scores.items()
    ]


def test_a_row_is_a_configuration_with_what_differs_as_columns(lab):
    long = seeds_of(lab, {0: 0.80, 1: 0.81, 2: 0.82}, "Long", iterations=90)
    short = seeds_of(lab, {0: 0.40, 1: 0.41}, "Short", iterations=10)
    table = seed_table([*short, *long], SCORE)
    assert table.knobs == ("iterations",)
    assert [(name, row.texts, row.chosen.num, row.verdict) for name, row in table.rows] == [
        ("Long", ("90",), 3, "best"),
        ("Short", ("10",), 2, ""),
    ]


def test_where_too_much_differs_there_are_no_columns(lab):
    ema = {**CONFIG["ema"], "decay": 0.1, "every": 7}
    others = {"iterations": 7, "ema": ema, "lora": {**CONFIG["lora"], "rank": 2, "alpha": 3.0}}
    runs = [*seeds_of(lab, {0: 0.5}, "One"), *seeds_of(lab, {0: 0.5}, "Other", **others)]
    table = seed_table(runs, SCORE)
    assert table.knobs == () and [name for name, _ in table.rows] == ["One, seed 0", "Other, seed 0"]


def test_rewards_are_named_as_on_the_command_line(lab):
    rewards = [{**CONFIG["rewards"][0], "weight": 5.0}, *CONFIG["rewards"][1:]]
    table = seed_table([*seeds_of(lab, {0: 0.5}, "a"), *seeds_of(lab, {0: 0.5}, "b", rewards=rewards)], SCORE)
    assert table.knobs == ("rewards.0.weight",)


def test_a_group_is_called_by_what_its_names_share():
    assert shared_name(["lr 1, seed 0", "lr 1, seed 1"]) == "lr 1"
    assert shared_name(["First light, seed 3"]) == "First light, seed 3"
    assert shared_name(["a", "b"]) == "a"
    assert shared_name(["wide, seed 11", "wide, seed 12"]) == "wide"
    assert shared_name(["lr 10, seed 1", "lr 10, seed 11"]) == "lr 10" == shared_name(["lr 10 a", "lr 10 b"])


def test_the_page_compares_configurations(lab, member, django_assert_max_num_queries):
    address = reverse("seeds", args=[lab.experiment.id])
    assert "No runs yet" in member.get(address).text
    seeds_of(lab, {0: 0.40, 1: 0.41}, "Short", iterations=10)
    seeds_of(lab, {seed: 0.8 for seed in range(9)}, "Long", iterations=90)
    Run.objects.filter(name="Long, seed 8").update(archived_at="2026-01-01T00:00:00Z")
    with django_assert_max_num_queries(12):
        page = member.get(address).text
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "Long 90 0 1 2 3 4 5 6 7 0.800 ± 0 n=8 best" in text
    assert "Theirs" not in text


def test_only_the_newest_runs_count_and_the_page_says_so(lab, member, monkeypatch):
    monkeypatch.setattr("sweeps.views.MOST_RUNS_OVER_SEEDS", 2)
    seeds_of(lab, {seed: 0.5 for seed in range(3)}, "Run")
    page = member.get(reverse("seeds", args=[lab.experiment.id]), {"measure": "reward/mean"}).text
    assert "Of the newest 2 runs." in page and page.count('class="state finished"') == 2
