"""How many images a run's policy has been trained on after an iteration: as many as its rollouts drew."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from runs.models import Checkpoint, Run


@dataclass(frozen=True)
class Seen:
    """`before` at iteration `start`, and from then on `each` more an iteration."""

    start: int
    before: int
    each: int

    def at(self, iteration: int) -> int:
        return self.before + (iteration - self.start) * self.each


def seen_by(runs: Sequence[Run]) -> dict[UUID, Seen]:
    """A run that began with another one's checkpoint has seen what that one had.

    One query where some did, and one more for each further run that those go back to.
    """
    checkpoints = _beginnings(runs)
    return {run.id: _seen(run, checkpoints) for run in runs}


def _beginnings(runs: Sequence[Run]) -> dict[int, Checkpoint]:
    """The checkpoints that these runs began with, those that the runs of these began with, and so on."""
    known: dict[int, Checkpoint] = {}
    wanted = {run.continued_from_id for run in runs} - {None}
    while wanted:
        found = Checkpoint.objects.select_related("run").in_bulk(wanted)
        known |= found
        wanted = {row.run.continued_from_id for row in found.values()} - {None} - known.keys()
    return known


def _seen(run: Run, checkpoints: dict[int, Checkpoint]) -> Seen:
    rollout = run.config["rollout"]
    each = rollout["group_size"] * rollout["groups_per_iteration"]
    begun = checkpoints.get(run.continued_from_id)
    if begun is None:
        return Seen(0, 0, each)
    return Seen(begun.iteration, _seen(begun.run, checkpoints).at(begun.iteration), each)
