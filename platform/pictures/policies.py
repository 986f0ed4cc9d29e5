"""What can draw pictures: a run's policy after an iteration, written `RUN@40`; `RUN@0` is its base model."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from runs.models import Checkpoint, Run
from runs.selectors import parse_run_id, visible_checkpoints, visible_runs
from teams.models import User


@dataclass(frozen=True)
class PolicyRef:
    run_id: UUID
    iteration: int

    def __str__(self) -> str:
        return f"{self.run_id}@{self.iteration}"


@dataclass(frozen=True)
class Policy:
    """`checkpoint` is None for the base model, and where only samples tell of the iteration."""

    run: Run
    iteration: int
    checkpoint: Checkpoint | None

    @property
    def ref(self) -> PolicyRef:
        return PolicyRef(self.run.id, self.iteration)

    @property
    def is_base(self) -> bool:
        return self.iteration == 0

    @property
    def can_draw(self) -> bool:
        """Whether its weights are there."""
        return self.is_base or (self.checkpoint is not None and not self.checkpoint.removed)

    def __str__(self) -> str:
        return f"base model of {self.run.name}" if self.is_base else f"{self.run.name} at {self.iteration}"


def parse_policy(text: str) -> PolicyRef:
    """Raises ValueError."""
    run, _, iteration = text.partition("@")
    run_id = parse_run_id(run)
    if run_id is None or not (iteration.isascii() and iteration.isdigit()) or len(iteration) > 9:
        raise ValueError(
            f"{text!r} names no policy: give a run's id, @ and an iteration, as in ID@40; 0 is its base model."
        )
    return PolicyRef(run_id, int(iteration))


def find_policies(user: User, refs: Iterable[PolicyRef]) -> dict[PolicyRef, Policy]:
    """Those of `refs` whose runs the person may see, in their order; two queries."""
    return policies_among(visible_runs(user), visible_checkpoints(user), refs)


def policies_among(
    runs: QuerySet[Run], checkpoints: QuerySet[Checkpoint], refs: Iterable[PolicyRef]
) -> dict[PolicyRef, Policy]:
    """Those of `refs` that are of these runs, in their order; two queries."""
    refs = list(dict.fromkeys(refs))
    found = runs.in_bulk({ref.run_id for ref in refs})
    rows = checkpoints.filter(run__in=found, iteration__in={ref.iteration for ref in refs})
    by_place = {(row.run_id, row.iteration): row for row in rows}
    return {
        ref: Policy(found[ref.run_id], ref.iteration, by_place.get((ref.run_id, ref.iteration)))
        for ref in refs
        if ref.run_id in found
    }
