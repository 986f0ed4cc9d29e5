"""Which runs a view shows, and from which a person picks others: by experiment, the newest first."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlencode
from uuid import UUID

from django.http import QueryDict
from django.urls import reverse

from runs.filters import FilterError
from runs.lists.columns import column_of
from runs.lists.keyset import read_page
from runs.lists.question import Question
from runs.models import Experiment, Run
from runs.panel_views import MAX_RUNS
from runs.selectors import parse_run_id, visible_runs
from teams.models import User

SEARCH, PAGE = "find", "after"


@dataclass(frozen=True)
class Picker:
    """`chosen` in the order of the address; `offered` by experiment; `after` begins the next page of them."""

    text: str
    chosen: list[Run]
    offered: list[tuple[Experiment, list[Run]]] = field(default_factory=list)
    after: str = ""
    problem: FilterError | None = None

    @property
    def ids(self) -> str:
        return ",".join(str(run.id) for run in self.chosen)

    @property
    def chosen_ids(self) -> set[UUID]:
        return {run.id for run in self.chosen}

    @property
    def next_page(self) -> str:
        """The query of the next page, empty on the last one."""
        return urlencode({"runs": self.ids, SEARCH: self.text, PAGE: self.after}) if self.after else ""


def read_picker(user: User, query: QueryDict) -> Picker:
    """Three queries. `find` is in the language of the lists of runs."""
    chosen = find_runs(user, run_ids(query))
    question = Question.of(QueryDict(urlencode({"q": query.get(SEARCH, "")})))
    try:
        condition = question.condition(user)
    except FilterError as problem:
        return Picker(question.text, chosen, problem=problem)
    runs = visible_runs(user)
    page = read_page(runs.filter(condition), column_of("created"), True, query.get(PAGE, ""))
    found = runs.defer("config", "summary", "notes").in_bulk(page.ids)
    offered = by_experiment(found[run_id] for run_id in page.ids if run_id in found)
    return Picker(question.text, chosen, offered, page.after)


def run_ids(query: QueryDict) -> list[UUID]:
    """The runs that an address names, as `runs=A,B` and as ticked boxes (`run=C`): what is no id is left out."""
    texts = [text for part in query.getlist("runs") for text in part.split(",")] + query.getlist("run")
    found = (parse_run_id(text) for text in texts)
    return list(dict.fromkeys(run_id for run_id in found if run_id))[:MAX_RUNS]


def address_of_curves(ids: Iterable[UUID]) -> str:
    """Where the curves of these runs are."""
    return f"{reverse('curves')}?runs={','.join(map(str, ids))}"


def find_runs(user: User, ids: list[UUID]) -> list[Run]:
    """Those of the runs that the person may see, in this order."""
    found = visible_runs(user).defer("config", "summary", "notes").in_bulk(ids)
    return [found[run_id] for run_id in ids if run_id in found]


def by_experiment(runs: Iterable[Run]) -> list[tuple[Experiment, list[Run]]]:
    """The runs of each experiment, in the order of its first."""
    groups: dict[int, tuple[Experiment, list[Run]]] = {}
    for run in runs:
        groups.setdefault(run.experiment_id, (run.experiment, []))[1].append(run)
    return list(groups.values())
