"""What the editor's list of runs offers, and the block that it inserts for those that were ticked."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Max, QuerySet

from pictures.policies import PolicyRef
from pictures.refs import ref_of
from reports.panels import curves, frontier, grid, table
from reports.scope import Scope
from runs.metric_names import KL_TO_BASE, REWARD
from runs.models import Run, Sample, SampleKind
from runs.selectors import visible_runs
from teams.models import Team, User

MOST_OFFERED = 30
NUM_PICTURES = 6
MOST_RUNS = {
    "curves": curves.MOST_RUNS,
    "frontier": frontier.MOST_RUNS,
    "grid": grid.MOST_POLICIES - 1,
    "table": table.MOST_RUNS,
    "pictures": grid.MOST_POLICIES,
}


def runs_offered(user: User, team: Team, wanted: str) -> QuerySet[Run]:
    """The team's newest runs, or those with this in their name."""
    runs = visible_runs(user).filter(experiment__team=team, archived_at=None).defer("config", "summary")
    return (runs.filter(name__icontains=wanted) if wanted else runs).order_by("-created_at", "-id")[:MOST_OFFERED]


def block_of(scope: Scope, kind: str, run_ids: Sequence[UUID]) -> str:
    """A panel of this kind with the runs, as one would write it."""
    runs = [run.id for run in scope.runs(run_ids[: MOST_RUNS[kind]])]
    lines = {"grid": _grid, "pictures": _pictures}.get(kind, _runs)(scope, runs)
    if kind == "curves":
        lines.append(f"metrics: {REWARD}, {KL_TO_BASE}")
    return "\n".join([f"```{kind}", *lines, "```"])


def _runs(_: Scope, runs: list[UUID]) -> list[str]:
    return [f"runs: {', '.join(map(str, runs))}"]


def _grid(scope: Scope, runs: list[UUID]) -> list[str]:
    """The base model of the first run, and each run where it was last drawn from."""
    last = _last_drawn(scope, runs)
    policies = [PolicyRef(run_id, 0) for run_id in runs[:1]]
    policies += [PolicyRef(run_id, last[run_id]) for run_id in runs if last.get(run_id)]
    return [f"policies: {', '.join(map(str, policies))}", f"num_prompts: {grid.USUAL_PROMPTS}"]


def _pictures(scope: Scope, runs: list[UUID]) -> list[str]:
    """The first run's last pictures."""
    last = _last_drawn(scope, runs[:1])
    rows: list[Sample] = []
    for run_id, iteration in last.items():
        rows += scope.samples().filter(run=run_id, iteration=iteration).order_by("kind", "index")[:NUM_PICTURES]
    return [f"refs: {', '.join(str(ref_of(row)) for row in rows)}"]


def _last_drawn(scope: Scope, runs: list[UUID]) -> dict[UUID, int]:
    rows = scope.samples().filter(run__in=runs, kind=SampleKind.FIXED)
    return dict(rows.order_by().values_list("run").annotate(last=Max("iteration")))
