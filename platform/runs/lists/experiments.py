"""The list of experiments in pages, the liveliest first."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import F, Func, Q, TextField, Value
from django.db.models.lookups import IContains
from django.http import QueryDict

from runs.lists.columns import Column, Kind
from runs.lists.keyset import read_page
from runs.models import Experiment
from runs.overviews import LAST_ACTIVITY, experiments_overview
from runs.selectors import visible_experiments
from teams.models import User

ACTIVITY = Column("activity", "Last activity", Kind.TIME, "last_activity")
LONGEST = 200


@dataclass(frozen=True)
class ExperimentList:
    """`text` is searched for in names, questions, notes, tags and teams; `total` is known on the first page only."""

    text: str
    archived: bool
    rows: list[Experiment]
    after: str
    total: int | None
    num_archived: int

    def address(self, **changes) -> str:
        archived = changes.get("archived", self.archived)
        pairs = {"q": self.text, "archived": "only" if archived else "", "after": changes.get("after", "")}
        return urlencode({name: value for name, value in pairs.items() if value})

    @property
    def next_page(self) -> str:
        return self.address(after=self.after) if self.after else ""

    @property
    def other_side(self) -> str:
        """The archive, or the list without it."""
        return self.address(archived=not self.archived)


def read_experiments(user: User, query: QueryDict) -> ExperimentList:
    text, archived = query.get("q", "").replace("\x00", "").strip()[:LONGEST], query.get("archived") == "only"
    visible = visible_experiments(user)
    wanted = visible.filter(_has(text), archived_at__isnull=not archived).annotate(last_activity=LAST_ACTIVITY)
    page = read_page(wanted, ACTIVITY, is_descending=True, after=query.get("after", ""))
    # Counted for those of the page alone.
    found = experiments_overview(user).in_bulk(page.ids)
    return ExperimentList(
        text=text,
        archived=archived,
        rows=[found[experiment_id] for experiment_id in page.ids if experiment_id in found],
        after=page.after,
        total=page.total,
        num_archived=visible.filter(archived_at__isnull=False).count(),
    )


def _has(text: str) -> Q:
    tags = Func(F("tags"), Value(" "), function="array_to_string", output_field=TextField())
    columns = ("name", "description", "notes", "team__name")
    found = Q(IContains(tags, text))
    for column in columns:
        found |= Q(**{f"{column}__icontains": text})
    return found if text else Q()
