"""The columns of a grid: policies, each with the iteration whose samples stand for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from comparing.rows import Rows
from pictures.policies import Policy, PolicyRef, policies_among
from runs.models import SampleKind


@dataclass(frozen=True)
class Column:
    """`samples_at` is the run's last iteration with fixed samples that is not after the policy's; None without any."""

    policy: Policy
    samples_at: int | None

    @property
    def ref(self) -> PolicyRef:
        return self.policy.ref

    @property
    def is_exact(self) -> bool:
        return self.samples_at == self.policy.iteration


def columns_of(rows: Rows, refs: Iterable[PolicyRef]) -> list[Column]:
    """Those of `refs` whose runs are among the rows, in their order; three queries."""
    policies = policies_among(rows.runs, rows.checkpoints, refs)
    iterations = sample_iterations(rows, {ref.run_id for ref in policies})
    return [
        Column(policy, max((at for at in iterations.get(ref.run_id, ()) if at <= ref.iteration), default=None))
        for ref, policy in policies.items()
    ]


def sample_iterations(rows: Rows, run_ids: Iterable[UUID]) -> dict[UUID, set[int]]:
    """At which iterations these runs have fixed samples; one query."""
    found: dict[UUID, set[int]] = {}
    samples = rows.samples.filter(run__in=run_ids, kind=SampleKind.FIXED).order_by()
    for run_id, iteration in samples.values_list("run_id", "iteration").distinct():
        found.setdefault(run_id, set()).add(iteration)
    return found
