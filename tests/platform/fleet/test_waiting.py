"""Why a run waits, in words."""

import pytest

from fleet.placement import RESERVE_AFTER
from fleet.snapshot import Snapshot
from fleet.states import NodeState
from fleet.waiting import explain, judge
from runs.models import RunState
from tests.platform.fleet.fleets import node, run, share
from tests.platform.lab import add_run

LONG = RESERVE_AFTER + 1
MINE = run(1, gpus=2)

WORDS = {
    "place and time": (
        [run(3, age=9), run(2, age=8), MINE],
        [node(1, 4, (4, 2400))],
        {},
        "3rd in the queue. Node gpu-1 has 2 GPUs free in about 40 min.",
    ),
    "the first of several nodes": (
        [MINE],
        [node(1, 4, (3, 9000)), node(2, 2, (1, 60), (1, 120))],
        {},
        "1st in the queue. Node gpu-2 has 2 GPUs free in about 2 min.",
    ),
    "nobody knows when": (
        [MINE],
        [node(1, 2, (1, None))],
        {},
        "1st in the queue. It waits for 2 GPUs of node gpu-1; what runs there has not said yet when it ends.",
    ),
    "at once": ([MINE], [node(1, 2)], {}, "1st in the queue. It starts within seconds."),
    "soon": ([run(2), MINE], [node(1, 2)], {}, "2nd in the queue. Node gpu-1 has 2 GPUs free."),
    "another team's quota is no place in line": (
        [run(2, team=2), MINE],
        [node(1, 2)],
        {2: share(held=1, quota=1)},
        "1st in the queue. It starts within seconds.",
    ),
    "kept for another": (
        [run(2, gpus=4, age=LONG), MINE],
        [node(1, 4, (2, 60))],
        {},
        "2nd in the queue. Node gpu-1 is kept for a larger run that has waited longer.",
    ),
    "its own quota": (
        [MINE],
        [node(1, 8)],
        {1: share(held=3, quota=4)},
        "Your team uses 3 of its quota of 4 GPUs: it starts once enough of your team's runs have ended.",
    ),
    "more than its quota": (
        [MINE],
        [node(1, 8)],
        {1: share(quota=1)},
        "Your team may use 1 GPU at a time, and this run asks for 2: ask an operator for more, or submit it with "
        "fewer.",
    ),
    "too large": ([MINE], [node(1, 1)], {}, "No node has 2 GPUs: the largest has 1."),
    "too large without a GPU": ([MINE], [node(1, 1, gpus=False)], {}, "No node has 2 slots: the largest has 1."),
    "all drain": (
        [MINE],
        [node(1, 4, state=NodeState.DRAINING)],
        {},
        "All nodes are draining: they take nothing new until somebody lets them.",
    ),
    "those that could drain or are gone": (
        [MINE],
        [
            node(1, 4, state=NodeState.DRAINING),
            node(2, 1),
            node(3, 2, state=NodeState.SILENT),
            node(4, 2, state=NodeState.LEFT),
        ],
        {},
        "It fits gpu-1, which is draining, gpu-3, which is silent and gpu-4, which has left.",
    ),
    "nobody there": (
        [MINE],
        [node(1, 4, state=NodeState.SILENT, silence=300), node(2, 4, state=NodeState.LEFT, silence=90000)],
        {},
        "No worker has been heard from for 5 min: start one with `python -m worker runs`, or join another machine on "
        "the page Nodes.",
    ),
    "nobody ever": (
        [MINE],
        [],
        {},
        "No worker has come yet: start one with `python -m worker runs`, or join another machine on the page Nodes.",
    ),
}


@pytest.mark.parametrize("case", WORDS)
def test_words(case):
    line, nodes, shares, expected = WORDS[case]
    fleet = Snapshot(line, shares, nodes)
    fleet.__dict__["line"] = line
    assert judge(MINE, fleet).text == expected


def test_place_and_seconds_are_there_for_programs():
    standing = judge(MINE, Snapshot([MINE], {}, [node(1, 4, (4, 2400))]))
    assert (standing.place, standing.seconds) == (1, 2400)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "No worker has come yet"),
        ({"awaits_preflight": True}, "Its first step is tried before"),
        ({"is_reported": True}, "It is trained elsewhere"),
        ({"state": RunState.RUNNING}, ""),
    ],
)
def test_only_what_waits_is_explained(lab, fields, expected):
    words = explain(add_run(lab.experiment, **{"state": RunState.QUEUED, **fields}))
    assert words.startswith(expected) and bool(words) is bool(expected)
