"""In which order runs that wait get their turn: pure functions over what is waiting and what teams have.

1. Priority: who waits with a higher one goes first, whatever the team.
2. Fair shares: the team that holds the fewest GPUs at the moment, then the one that used the least in the last day.
   Each run that gets its turn counts for its team from then on, so that teams take turns further down the line too.
3. Age: of one team's runs the oldest, by when it was submitted; a run that comes back keeps its place.
"""

import heapq
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Waiting:
    """A queued run. `age`: seconds since it was submitted. `wants_gpu`: processors alone would take for ever."""

    run_id: uuid.UUID
    team_id: int
    priority: int
    num_gpus: int
    age: float
    wants_gpu: bool = False


@dataclass(frozen=True)
class Share:
    """What a team has: GPUs held now, GPU-seconds of the last day, and how many it may hold (None: all)."""

    held: int = 0
    recent: float = 0.0
    quota: int | None = None

    def allows(self, num_gpus: int) -> bool:
        """Whether the team may take so many more now."""
        return self.quota is None or self.held + num_gpus <= self.quota


NOTHING_YET = Share()


def in_order(waiting: Iterable[Waiting], shares: Mapping[int, Share]) -> list[Waiting]:
    """Who gets the next turn first. Quotas do not change the order: who has used them up is passed over meanwhile."""
    held = {team_id: share.held for team_id, share in shares.items()}
    by_priority = defaultdict(list)
    for run in waiting:
        by_priority[run.priority].append(run)
    ordered = []
    for priority in sorted(by_priority, reverse=True):
        ordered += _take_turns(by_priority[priority], held, shares)
    return ordered


def _take_turns(runs: list[Waiting], held: dict[int, int], shares: Mapping[int, Share]) -> list[Waiting]:
    """Runs of one priority; `held` goes on counting."""
    lines = defaultdict(list)
    for run in sorted(runs, key=lambda run: (run.age, str(run.run_id))):
        lines[run.team_id].append(run)

    def next_of(team_id: int) -> tuple:
        oldest = lines[team_id][-1]
        recent = shares.get(team_id, NOTHING_YET).recent
        return held.get(team_id, 0), recent, -oldest.age, team_id

    heap = [next_of(team_id) for team_id in lines]
    heapq.heapify(heap)
    ordered = []
    while heap:
        team_id = heapq.heappop(heap)[-1]
        run = lines[team_id].pop()
        ordered.append(run)
        held[team_id] = held.get(team_id, 0) + run.num_gpus
        if lines[team_id]:
            heapq.heappush(heap, next_of(team_id))
    return ordered
