"""Whose turn it is: priority, then fair shares, then age."""

import pytest

from fleet.ordering import Share, in_order
from tests.platform.fleet.fleets import numbers, run, share

LINES = {
    "the oldest first": ([run(1, age=10), run(2, age=30), run(3, age=20)], {}, [2, 3, 1]),
    "priority before age": ([run(1, age=90), run(2, age=1, priority=1), run(3, age=99, priority=-1)], {}, [2, 1, 3]),
    "priority before shares": (
        [run(1, team=1, priority=1), run(2, team=2)],
        {1: share(held=8, recent=1e6)},
        [1, 2],
    ),
    "the team that holds less goes first": (
        [run(1, team=1, age=99), run(2, team=2)],
        {1: share(held=2), 2: share(held=1)},
        [2, 1],
    ),
    "of teams that hold the same, the one that used less in the last day": (
        [run(1, team=1, age=99), run(2, team=2)],
        {1: share(recent=7200), 2: share(recent=3600)},
        [2, 1],
    ),
    "teams take turns": (
        [run(1, age=9), run(2, age=8), run(3, age=7), run(4, team=2, age=2), run(5, team=2, age=1)],
        {},
        [1, 4, 2, 5, 3],
    ),
    "a turn counts by its GPUs": (
        [run(1, age=9, gpus=2), run(2, age=8), run(3, team=2, age=3), run(4, team=2, age=2), run(5, team=2, age=1)],
        {},
        [1, 3, 4, 2, 5],
    ),
    "turns of a higher priority count for those after it": (
        [run(1, priority=1, age=9), run(2, age=8), run(3, team=2, age=1)],
        {},
        [1, 3, 2],
    ),
    "a quota does not change the order": (
        [run(1, age=9), run(2, team=2, age=8)],
        {1: share(quota=0)},
        [1, 2],
    ),
    "nobody": ([], {1: share(held=1)}, []),
}


@pytest.mark.parametrize("case", LINES)
def test_order(case):
    waiting, shares, expected = LINES[case]
    assert numbers(in_order(waiting, shares)) == expected
    assert numbers(in_order(waiting[::-1], shares)) == expected


def test_runs_of_one_moment_have_an_order_too():
    waiting = [run(number, age=5) for number in range(20)]
    assert numbers(in_order(waiting, {})) == numbers(in_order(waiting[::-1], {}))


@pytest.mark.parametrize(
    ("known", "asked", "allowed"),
    [(Share(), 64, True), (share(held=3, quota=4), 1, True), (share(held=3, quota=4), 2, False)],
)
def test_what_a_quota_allows(known, asked, allowed):
    assert known.allows(asked) is allowed
