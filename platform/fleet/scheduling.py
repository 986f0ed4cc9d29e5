"""What a node with free slots takes next."""

from collections.abc import Collection
from dataclasses import replace

from fleet import slots, snapshot
from fleet.models import Node
from fleet.placement import Target, choose
from runs import lifecycle
from runs.lifecycle import Lease
from runs.models import Run


def claim_next(node: Node, busy: Collection[int] = ()) -> Lease | None:
    """Claim the best run in line for this node, or None where there is nothing for it now.

    One claim at a time is decided in the whole fleet, so that shares and quotas are what they are said to be. A run
    whose row somebody else holds locked, or that has just left the queue, is passed over: none can hold up the rest.
    `busy`: slots that the worker knows to be in use whatever the tables say.
    """
    if not snapshot.waiting_runs().exists():
        return None
    with slots.locked():
        fleet = snapshot.take({node.id: busy})
        line = fleet.line
        while taken := choose(line, node.id, fleet.targets, fleet.shares):
            lease = _claim(node, taken.run.run_id, taken.slots)
            if lease is not None:
                return lease
            line = [run for run in line if run.run_id != taken.run.run_id]
    return None


def would_take(node: Node, slots_back: Collection[int], busy: Collection[int] = ()) -> bool:
    """Whether the node would take a run if it got these slots back that something else holds."""
    if not snapshot.waiting_runs().exists():
        return False
    fleet = snapshot.take({node.id: busy})
    targets = [_with_back(target, slots_back) if target.node_id == node.id else target for target in fleet.targets]
    return choose(fleet.line, node.id, targets, fleet.shares) is not None


def _with_back(target: Target, slots_back: Collection[int]) -> Target:
    return replace(target, endings=tuple(one for one in target.endings if not set(one.slots) & set(slots_back)))


def _claim(node: Node, run_id, gpus: tuple[int, ...]) -> Lease | None:
    is_at_hand = Run.objects.select_for_update(skip_locked=True).filter(id=run_id)
    if not is_at_hand.values_list("id").first():
        return None
    return lifecycle.claim(run_id, node.name, node=node, gpus=gpus)
