"""What a node takes: what fits, in line, and no big run starves."""

import pytest

from fleet.ordering import in_order
from fleet.placement import RESERVE_AFTER, choose, reservations
from fleet.states import NodeState
from tests.platform.fleet.fleets import node, run, share

LONG = RESERVE_AFTER + 1


def taken(line, number, nodes, shares=None):
    found = choose(line, number, nodes, shares or {})
    return found and (found.run.run_id.int, found.slots)


CASES = {
    "the first in line, on the first free slots": ([run(1), run(2)], [node(1, 4, (2, 60))], {}, (1, (2,))),
    "several slots": ([run(1, gpus=2)], [node(1, 4, (1, 60))], {}, (1, (1, 2))),
    "what fits passes what does not, yet": ([run(1, gpus=4), run(2)], [node(1, 4, (2, 60))], {}, (2, (2,))),
    "nothing where nothing is free": ([run(1)], [node(1, 1, (1, 60))], {}, None),
    "nothing where the worker knows better": ([run(1)], [node(1, 1, busy=[0])], {}, None),
    "nothing while it drains": ([run(1)], [node(1, 4, state=NodeState.DRAINING)], {}, None),
    "nothing of a team that has its quota": ([run(1)], [node(1, 4)], {1: share(held=2, quota=2)}, None),
    "the next team's where one has its quota": (
        [run(1), run(2, team=2)],
        [node(1, 4)],
        {1: share(held=2, quota=2)},
        (2, (0,)),
    ),
    "what wants a GPU does not go to processors": (
        [run(1, wants_gpu=True), run(2)],
        [node(1, 2, gpus=False), node(2, 1, (1, 60))],
        {},
        (2, (0,)),
    ),
    "unless there are none": ([run(1, wants_gpu=True)], [node(1, 2, gpus=False)], {}, (1, (0,))),
    "nor where that node is away for a while": (
        [run(1, wants_gpu=True)],
        [node(1, 2, gpus=False), node(2, 1, state=NodeState.SILENT)],
        {},
        None,
    ),
    "small runs wait once a big one has waited long": (
        [run(1, gpus=4, age=LONG), run(2)],
        [node(1, 4, (2, 60))],
        {},
        None,
    ),
    "what stands before it does not": ([run(2), run(1, gpus=4, age=LONG)], [node(1, 4, (2, 60))], {}, (2, (2,))),
    "another node goes on meanwhile": (
        [run(1, gpus=4, age=LONG), run(2)],
        [node(1, 4, (3, 60)), node(2, 4, (1, 60))],
        {},
        (2, (3,)),
    ),
    "nothing is kept for a run beyond its quota": (
        [run(1, gpus=4, age=LONG), run(2, team=2)],
        [node(1, 4, (2, 60))],
        {1: share(quota=3)},
        (2, (2,)),
    ),
    "nor for one that fits no node": ([run(1, gpus=8, age=LONG), run(2)], [node(1, 4, (2, 60))], {}, (2, (2,))),
    "nor for one that another node takes now": (
        [run(1, gpus=4, age=LONG), run(2)],
        [node(1, 4, (2, 60)), node(2, 4)],
        {},
        (2, (2,)),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_the_first_node_takes(case):
    line, nodes, shares, expected = CASES[case]
    assert taken(line, 1, nodes, shares) == expected


def test_a_node_that_is_not_known_takes_nothing():
    assert choose([run(1)], 7, [node(1, 4)], {}) is None


KEPT = {
    "where the fewest slots are missing": ([node(1, 4, (3, 5)), node(2, 4, (2, 9000))], {2: 1}),
    "of those, where they come back first": ([node(1, 4, (2, 900)), node(2, 4, (2, 60))], {2: 1}),
    "where it is known when": ([node(1, 4, (2, None)), node(2, 4, (2, 9000))], {2: 1}),
    "not on one that drains": ([node(1, 4, (1, 5), state=NodeState.DRAINING), node(2, 4, (2, 60))], {2: 1}),
}


@pytest.mark.parametrize("case", KEPT)
def test_which_node_is_kept(case):
    nodes, expected = KEPT[case]
    kept = reservations([run(1, gpus=4, age=LONG)], nodes, {})
    assert {number: run_id.int for number, run_id in kept.items()} == expected


def test_two_big_runs_keep_a_node_each():
    line = [run(1, gpus=4, age=LONG), run(2, gpus=4, age=LONG), run(3, gpus=4, age=LONG)]
    kept = reservations(line, [node(1, 4, (1, 60)), node(2, 4, (2, 60))], {})
    assert {number: run_id.int for number, run_id in kept.items()} == {1: 1, 2: 2}


def test_a_big_run_starts_however_many_small_ones_come():
    """A node of four slots, a small run of 100 seconds submitted every 10: without a reservation it never empties."""
    big, ends, started = run(1, gpus=4), [100.0, 125.0, 150.0, 175.0], None
    for now in range(0, 3000, 10):
        ends = [end for end in ends if end > now]
        waiting = [run(1, gpus=4, age=float(now))] if started is None else []
        waiting.append(run(1000 + now, age=5.0))
        target = node(1, 4, *((1, end - now) for end in ends))
        found = choose(in_order(waiting, {}), 1, [target], {})
        if found and found.run.run_id == big.run_id:
            started = now
            break
        ends += [now + 100.0] if found else []
    assert started is not None and RESERVE_AFTER <= started <= RESERVE_AFTER + 100


@pytest.mark.parametrize(
    ("endings", "count", "seconds"),
    [
        ([(2, 60), (1, 30)], 1, 0.0),
        ([(2, 60), (1, 30)], 2, 30),
        ([(2, 60), (1, 30)], 4, 60),
        ([(2, None), (1, 30)], 3, None),
        ([], 5, None),
    ],
)
def test_when_slots_come_back(endings, count, seconds):
    assert node(1, 4, *endings).seconds_until(count) == seconds
