"""Runs that differ by their seed alone."""

from runs.seed_groups import group_by_seed, group_key
from tests.platform.lab import CONFIG, add_run


def test_the_seed_and_where_it_is_tracked_do_not_count():
    assert group_key(CONFIG | {"seed": 5}) == group_key(CONFIG)
    assert group_key(CONFIG | {"tracking": {}}) == group_key(CONFIG)
    assert group_key(CONFIG | {"iterations": 5}) != group_key(CONFIG)
    assert group_key(dict(reversed(CONFIG.items()))) == group_key(CONFIG)


def test_runs_are_grouped_in_the_order_of_the_first_of_each(lab):
    runs = [
        add_run(lab.experiment, name, config=CONFIG | {"seed": seed, "iterations": iterations})
        for name, seed, iterations in [("a", 1, 9), ("b", 1, 8), ("c", 2, 9)]
    ]
    assert [[run.name for run in some] for some in group_by_seed(runs).values()] == [["a", "c"], ["b"]]
