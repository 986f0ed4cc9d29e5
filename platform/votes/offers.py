"""What a vote can be about: runs, and after which iterations they have drawn pictures."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef

from pictures.policies import PolicyRef
from runs.media import fixed_samples
from runs.models import Run
from runs.selectors import visible_runs
from teams.models import User
from teams.selectors import WRITERS
from votes.drawn import kept_drawings

NUM_NEWEST = 12


@dataclass(frozen=True)
class Offer:
    """A run, and its policies that have pictures; 0 is its base model."""

    run: Run
    policies: list[PolicyRef]


def read_offers(user: User, named: Iterable[UUID]) -> list[Offer]:
    """Runs of teams that the person may start votes in: those named, and the newest ones with pictures.

    Takes four queries, however many there are.
    """
    named = list(dict.fromkeys(named))
    theirs = {"experiment__team__memberships__user": user, "experiment__team__memberships__role__in": WRITERS}
    runs = visible_runs(user).filter(**theirs).defer("config", "summary", "notes")
    found = runs.in_bulk(named)
    pictures = [rows.filter(run=OuterRef("id")).order_by() for rows in (fixed_samples(user), kept_drawings(user))]
    newest = runs.filter(Exists(pictures[0]) | Exists(pictures[1])).order_by("-created_at", "-id")[:NUM_NEWEST]
    by_id = {run_id: found[run_id] for run_id in named if run_id in found}
    by_id |= {run.id: run for run in newest if run.id not in by_id}
    iterations: dict[UUID, set[int]] = defaultdict(set)
    for rows in (fixed_samples(user), kept_drawings(user)):
        for run_id, iteration in rows.filter(run__in=by_id).order_by().values_list("run_id", "iteration").distinct():
            iterations[run_id].add(iteration)
    return [
        Offer(run, [PolicyRef(run_id, iteration) for iteration in sorted(iterations[run_id])])
        for run_id, run in by_id.items()
    ]
