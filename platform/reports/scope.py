"""What the panels of a report may read: the rows of its team, whoever looks at them and wherever."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from pictures.models import Drawing
from pictures.refs import DRAWING, SAMPLE, Ref, ref_of
from runs.models import Evaluation, Run, RunState, Sample
from runs.selectors import STANDS

Row = Sample | Drawing


@dataclass(frozen=True)
class Scope:
    """A share of one run holds that `run_id` alone."""

    team_id: int
    run_id: UUID | None = None

    def runs(self, run_ids: Iterable[UUID]) -> list[Run]:
        """Those that are there, in the order of their ids."""
        ids = list(dict.fromkeys(run_ids))
        found = self._runs().filter(id__in=ids).in_bulk()
        return [found[run_id] for run_id in ids if run_id in found]

    def live(self, run_ids: Iterable[UUID]) -> set[UUID]:
        """Those of the runs that more may come of."""
        states = (RunState.QUEUED, RunState.RUNNING)
        return set(self._runs().filter(id__in=set(run_ids), state__in=states).values_list("id", flat=True))

    def evaluations(self) -> QuerySet[Evaluation]:
        return Evaluation.objects.filter(STANDS, run__in=self._runs().order_by())

    def samples(self) -> QuerySet[Sample]:
        return Sample.objects.filter(STANDS, run__in=self._runs().order_by()).select_related("run", "attempt")

    def drawings(self) -> QuerySet[Drawing]:
        rows = Drawing.objects.filter(team=self.team_id).select_related("run")
        return rows.filter(run=self.run_id) if self.run_id else rows

    def pictures(self, refs: Iterable[Ref]) -> dict[Ref, Row]:
        """Those that are there, in the order of `refs`."""
        refs = list(dict.fromkeys(refs))
        by_kind = {kind: [ref.id for ref in refs if ref.kind == kind] for kind in (SAMPLE, DRAWING)}
        rows: list[Row] = [*self.samples().filter(id__in=by_kind[SAMPLE])] if by_kind[SAMPLE] else []
        rows += self.drawings().filter(id__in=by_kind[DRAWING]) if by_kind[DRAWING] else []
        found = {ref_of(row): row for row in rows}
        return {ref: found[ref] for ref in refs if ref in found}

    def _runs(self) -> QuerySet[Run]:
        rows = Run.objects.filter(experiment__team=self.team_id)
        return rows.filter(id=self.run_id) if self.run_id else rows
