"""The whole fleet at one moment: who waits, what teams hold, what nodes have.

It is read in a number of queries that does not grow. What is decided from it is in `ordering` and `placement`.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from django.db.models import F, Func, IntegerField, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, Greatest, Now

from fleet.models import Hold, Node, Quota, in_seconds
from fleet.ordering import Share, Waiting, in_order
from fleet.placement import Ending, Target
from runs.models import Attempt, AttemptOutcome, Run, RunState

USE_COUNTS_FOR = timedelta(days=1)
SMALL_MODEL = "sandbox"
"""What trains without a GPU; every other `model.source` wants one."""


@dataclass(frozen=True)
class Snapshot:
    waiting: list[Waiting]
    shares: Mapping[int, Share]
    targets: list[Target]

    @cached_property
    def line(self) -> list[Waiting]:
        return in_order(self.waiting, self.shares)


def take(busy: Mapping[int, Collection[int]] | None = None) -> Snapshot:
    """`busy`: by node id, slots that its worker knows to be in use whatever the tables say."""
    return Snapshot(_waiting(), team_shares(), known_targets(busy or {}))


def waiting_runs():
    """The queued runs that workers may take."""
    return Run.objects.filter(state=RunState.QUEUED, is_reported=False, awaits_preflight=False)


def _waiting() -> list[Waiting]:
    age = in_seconds(Now() - F("created_at"))
    source = KeyTextTransform("source", KeyTextTransform("model", "config"))
    rows = waiting_runs().annotate(age=age, source=source).order_by()
    return [
        Waiting(run_id, team_id, priority, num_gpus, age, source not in (None, SMALL_MODEL))
        for run_id, team_id, priority, num_gpus, age, source in rows.values_list(
            "id", "experiment__team_id", "priority", "num_gpus", "age", "source"
        )
    ]


def team_shares() -> dict[int, Share]:
    """Of the teams that hold or held GPUs in the last day, or have a quota."""
    team = "run__experiment__team_id"
    num_gpus = Func(F("gpus"), function="cardinality", output_field=IntegerField())
    by_team = Attempt.objects.filter(run__is_reported=False).order_by().values(team)
    held = by_team.filter(outcome=AttemptOutcome.RUNNING).annotate(total=Sum(num_gpus))
    since = Now() - USE_COUNTS_FOR
    lasted = Coalesce("ended_at", Now()) - Greatest("started_at", since)
    recent = by_team.exclude(ended_at__lt=since).annotate(total=Sum(in_seconds(lasted) * num_gpus))
    held, recent = (dict(rows.values_list(team, "total")) for rows in (held, recent))
    quotas = dict(Quota.objects.values_list("team_id", "max_gpus"))
    return {
        team_id: Share(held.get(team_id) or 0, recent.get(team_id) or 0.0, quotas.get(team_id))
        for team_id in held.keys() | recent.keys() | quotas.keys()
    }


def known_targets(busy: Mapping[int, Collection[int]]) -> list[Target]:
    endings = defaultdict(list)
    running = Attempt.objects.filter(outcome=AttemptOutcome.RUNNING).exclude(node=None).order_by()
    for node_id, gpus, seconds in running.values_list("node_id", "gpus", "run__seconds_left"):
        endings[node_id].append(Ending(tuple(gpus), seconds))
    for node_id, gpus, yields in Hold.objects.values_list("node_id", "gpus", "yields"):
        endings[node_id].append(Ending(tuple(gpus), 0.0 if yields else None))
    return [
        Target(
            node_id=node.id,
            name=node.name,
            slots=tuple(node.slots),
            has_gpus=node.has_gpus,
            state=node.state,
            silence=node.silence,
            endings=tuple(endings[node.id]),
            busy=frozenset(busy.get(node.id, ())),
        )
        for node in Node.objects.all()
    ]
