"""Where a run comes from, and what came of it: never more than the user's teams have."""

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from runs.models import Checkpoint, Run
from runs.selectors import visible_checkpoints, visible_runs
from teams.models import User

MOST_SHOWN = 20


@dataclass(frozen=True)
class Origin:
    """`iteration` is where it took up the other run; None for a clone, which took over the configuration alone."""

    run: Run
    iteration: int | None


@dataclass(frozen=True)
class Offspring:
    """The newest runs that came of one, and how many there are in all."""

    runs: list[Run]
    num_continuations: int
    num_clones: int

    @property
    def num_hidden(self) -> int:
        return self.num_continuations + self.num_clones - len(self.runs)


def origin_of(user: User, run: Run) -> Origin | None:
    if run.continued_from_id is not None:
        checkpoint = Checkpoint.objects.filter(id=run.continued_from_id, run__in=visible_runs(user))
        found = checkpoint.select_related("run").first()
        return found and Origin(found.run, found.iteration)
    found = visible_runs(user).filter(id=run.cloned_from_id).first() if run.cloned_from_id else None
    return found and Origin(found, None)


def offspring_of(user: User, run: Run) -> Offspring:
    newest = visible_runs(user).filter(Q(continued_from__run=run) | Q(cloned_from=run))
    shown = list(newest.select_related("continued_from").order_by("-created_at")[:MOST_SHOWN])
    if len(shown) < MOST_SHOWN:
        # All of them: the database need not count.
        continuations = [one for one in shown if one.continued_from and one.continued_from.run_id == run.id]
        return Offspring(shown, len(continuations), sum(one.cloned_from_id == run.id for one in shown))
    continuations = visible_runs(user).filter(continued_from__run=run)
    return Offspring(shown, continuations.count(), visible_runs(user).filter(cloned_from=run).count())


def checkpoints_with_continuations(user: User, run: Run) -> QuerySet[Checkpoint]:
    """A run's checkpoints that still count, newest first, each with `num_continuations`."""
    counted = visible_checkpoints(user).filter(run=run).annotate(num_continuations=Count("continuations"))
    return counted.order_by("-iteration")
