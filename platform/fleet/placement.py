"""Which of the runs in line a node takes: pure functions over the line and the nodes.

The first run in line that fits the node's free slots goes, so small runs pass a big one that does not fit yet. They
may not do so for ever: once a run that fits nowhere has waited for RESERVE_AFTER, the node where it lacks the fewest
slots is kept for it. That node then takes nothing that stands behind it in line, its slots come free as runs end, and
the big run starts. Each such run keeps one node, so the others go on with what fits, and who stands before it in line
is not held up.

A run that wants a GPU goes to a node without one only where no known node with GPUs could ever take it.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fleet.ordering import NOTHING_YET, Share, Waiting
from fleet.states import NodeState

RESERVE_AFTER = 600.0
"""Seconds."""


@dataclass(frozen=True)
class Ending:
    """Slots of a node that something holds, and in how many seconds they are expected back (None: nobody knows)."""

    slots: tuple[int, ...]
    seconds: float | None


@dataclass(frozen=True)
class Target:
    """A known node. `silence`: seconds since it was heard from; `busy`: slots in use whatever `endings` say."""

    node_id: int
    name: str
    slots: tuple[int, ...]
    has_gpus: bool = False
    state: NodeState = NodeState.OPEN
    silence: float = 0.0
    endings: tuple[Ending, ...] = ()
    busy: frozenset[int] = field(default=frozenset())

    @property
    def is_open(self) -> bool:
        return self.state == NodeState.OPEN

    @property
    def free(self) -> tuple[int, ...]:
        taken = {slot for ending in self.endings for slot in ending.slots} | self.busy
        return tuple(slot for slot in self.slots if slot not in taken)

    def lacks(self, run: Waiting) -> int:
        """How many slots are missing for the run now."""
        return max(0, run.num_gpus - len(self.free))

    def seconds_until(self, num_slots: int) -> float | None:
        """When so many are expected to be free; None where nobody knows, or it has not so many."""
        num_free = len(self.free)
        known = sorted((ending for ending in self.endings if ending.seconds is not None), key=lambda end: end.seconds)
        for seconds, num_slots_back in [(0.0, 0), *((ending.seconds, len(ending.slots)) for ending in known)]:
            num_free += num_slots_back
            if num_free >= num_slots:
                return seconds
        return None


@dataclass(frozen=True)
class Taken:
    """A run and the slots that it gets."""

    run: Waiting
    slots: tuple[int, ...]


def choose(
    line: Sequence[Waiting], node_id: int, targets: Sequence[Target], shares: Mapping[int, Share]
) -> Taken | None:
    """What this node is to take next; None where nothing fits or what fits must wait."""
    target = next((target for target in targets if target.node_id == node_id), None)
    if target is None or not target.is_open:
        return None
    kept_for = reservations(line, targets, shares).get(node_id)
    for run in line:
        if not may_start(run, shares) or not suits(run, target, targets):
            continue
        if not target.lacks(run):
            return Taken(run, target.free[: run.num_gpus])
        if run.run_id == kept_for:
            return None
    return None


def reservations(
    line: Sequence[Waiting], targets: Sequence[Target], shares: Mapping[int, Share]
) -> dict[int, uuid.UUID]:
    """Which node (by id) is kept for which run."""
    kept = {}
    for run in line:
        if run.age < RESERVE_AFTER or not may_start(run, shares):
            continue
        able = [target for target in able_to_take(run, targets) if target.is_open]
        if any(not target.lacks(run) for target in able):
            continue
        able = [target for target in able if target.node_id not in kept]
        if able:
            kept[min(able, key=lambda target: _how_soon(target, run)).node_id] = run.run_id
    return kept


def may_start(run: Waiting, shares: Mapping[int, Share]) -> bool:
    return shares.get(run.team_id, NOTHING_YET).allows(run.num_gpus)


def able_to_take(run: Waiting, targets: Sequence[Target]) -> list[Target]:
    """The known nodes that could ever take the run."""
    return [target for target in targets if suits(run, target, targets)]


def suits(run: Waiting, target: Target, targets: Sequence[Target]) -> bool:
    if len(target.slots) < run.num_gpus:
        return False
    wants_another = run.wants_gpu and not target.has_gpus
    return not (wants_another and any(other.has_gpus and len(other.slots) >= run.num_gpus for other in targets))


def _how_soon(target: Target, run: Waiting) -> tuple:
    """Slots that are missing first: as a node that is kept takes nothing new, the choice does not waver."""
    seconds = target.seconds_until(run.num_gpus)
    return target.lacks(run), float("inf") if seconds is None else seconds, target.name
