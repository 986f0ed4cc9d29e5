"""Lines and nodes for the tables of tests, in few words."""

import uuid

from fleet.ordering import Share, Waiting
from fleet.placement import Ending, Target
from fleet.states import NodeState


def run(
    name: int, team: int = 1, gpus: int = 1, age: float = 0.0, priority: int = 0, wants_gpu: bool = False
) -> Waiting:
    return Waiting(uuid.UUID(int=name), team, priority, gpus, age, wants_gpu)


def node(
    number: int, slots: int, *endings: tuple, gpus: bool = True, state=NodeState.OPEN, silence=5.0, busy=()
) -> Target:
    """`endings`: (slots held, seconds until they are free)."""
    taken, held = 0, []
    for count, seconds in endings:
        held.append(Ending(tuple(range(taken, taken + count)), seconds))
        taken += count
    return Target(number, f"gpu-{number}", tuple(range(slots)), gpus, state, silence, tuple(held), frozenset(busy))


def share(held: int = 0, recent: float = 0.0, quota: int | None = None) -> Share:
    return Share(held, recent, quota)


def numbers(runs) -> list[int]:
    return [run.run_id.int for run in runs]
