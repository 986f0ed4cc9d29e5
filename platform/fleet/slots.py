"""Who holds which slots of a node: runs by their attempts, small jobs by a `Hold`.

Whoever takes slots does so under one lock of the database, so that none is given away twice. `busy` are slots that the
worker itself knows to be still in use, such as those of an engine that is just being ended; the tables may have freed
them already.

A small job of minutes calls `take_for_job` from the worker that is to do it, and `give_back` at its end:

    hold = slots.take_for_job(node, "dry run of …", needs_gpu=True)
    if hold is None: come back later
    else: run it on `hold.gpus` (CUDA_VISIBLE_DEVICES), then slots.give_back(hold)
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from fleet.models import Hold, Node
from fleet.states import NodeState
from runs.models import Attempt, AttemptOutcome

LOCK = 0x666C656574
"""The key of the lock ("fleet" in ASCII)."""


@contextmanager
def locked() -> Iterator[None]:
    """A transaction in which nobody else takes slots. It should be short."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        yield


def held_by_node(nodes: Iterable[int]) -> dict[int, set[int]]:
    """The slots of these nodes (by id) that runs and jobs hold."""
    held = defaultdict(set)
    nodes = list(nodes)
    running = Attempt.objects.filter(node__in=nodes, outcome=AttemptOutcome.RUNNING)
    for rows in (running, Hold.objects.filter(node__in=nodes)):
        for node_id, gpus in rows.values_list("node_id", "gpus"):
            held[node_id].update(gpus)
    return held


def free_slots(node: Node, busy: Collection[int] = ()) -> list[int]:
    taken = held_by_node([node.id])[node.id] | set(busy)
    return [slot for slot in node.slots if slot not in taken]


def take_for_job(node: Node, label: str, needs_gpu: bool, busy: Collection[int] = ()) -> Hold | None:
    """A place for a small job, or None where the node has none free now or is gone, or drains.

    It takes one of the node's `job_slots`, which are beside those of runs. One that needs a GPU also takes a free one
    from the runs, on a node that has any; on a node without, it shares the processors with what runs there.
    """
    with locked():
        node = Node.objects.filter(id=node.id).first()
        if node is None or node.state != NodeState.OPEN or not has_job_slot(node):
            return None
        wanted = 1 if needs_gpu and node.has_gpus else 0
        free = free_slots(node, busy)
        if len(free) < wanted:
            return None
        return Hold.objects.create(node=node, gpus=free[:wanted], label=label[:120])


def has_job_slot(node: Node) -> bool:
    """Whether the node has a place for one more small job."""
    return node.holds.filter(yields=False).count() < node.job_slots


def take_while_free(node: Node, label: str, busy: Collection[int] = ()) -> Hold | None:
    """A GPU that nobody needs now, to be given back at once when a run or a job does ; or None."""
    with locked():
        node = Node.objects.filter(id=node.id).first()
        if node is None or node.state != NodeState.OPEN or not node.has_gpus:
            return None
        free = free_slots(node, busy)
        return Hold.objects.create(node=node, gpus=free[:1], label=label[:120], yields=True) if free else None


def give_back(hold: Hold) -> None:
    """The job is over. A second time changes nothing."""
    Hold.objects.filter(id=hold.id).delete()
