"""A list of runs as a page shows it, in as many queries for a thousand rows as for one."""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from runs.filters import FilterError
from runs.lists.columns import ALWAYS, Column, Kind, column_of, columns_of
from runs.lists.keyset import PAGE_SIZE, read_page
from runs.lists.knowledge import Knowledge, read_knowledge
from runs.lists.question import Question
from runs.metric_names import KL_TO_BASE, REWARD
from runs.models import Experiment, Run
from runs.overviews import with_latest_numbers
from runs.selectors import visible_runs
from runs.summaries import SCORE
from teams.models import User

NUM_DIFFERING = 3
ORDER_WORDS = {
    Kind.TIME: ("newest first", "oldest first"),
    Kind.FACT: ("Z to A", "A to Z"),
    Kind.EXPERIMENT: ("Z to A", "A to Z"),
}
NUMBERS = ("iteration", REWARD, KL_TO_BASE, SCORE, "created")


@dataclass(frozen=True)
class Cell:
    column: Column
    value: Any


@dataclass(frozen=True)
class Row:
    run: Run
    cells: list[Cell]


@dataclass(frozen=True)
class Heading:
    """Above a column: `address` sorts by it; `direction` as in aria-sort, empty where the list is sorted otherwise."""

    column: Column
    address: str
    direction: str


@dataclass(frozen=True)
class RunList:
    """`total` is how many there are in all, known on the first page; `problem` why the question has no answer."""

    question: Question
    headings: list[Heading]
    rows: list[Row] = field(default_factory=list)
    after: str = ""
    total: int | None = None
    problem: FilterError | None = None

    @property
    def shown(self) -> list[str]:
        """The columns that may be left out, and are not."""
        return [heading.column.key for heading in self.headings if heading.column.key not in ALWAYS]

    @property
    def is_live(self) -> bool:
        return any(row.run.is_live for row in self.rows)

    @property
    def orders(self) -> list[tuple[str, str]]:
        """What the list can be sorted by, with its name, for those who see no headings."""
        found = {}
        columns = [column_of("created"), *(heading.column for heading in self.headings), self.question.column]
        for column in columns:
            down, up = ORDER_WORDS.get(column.kind, ("highest first", "lowest first"))
            found |= {f"-{column.key}": f"{column.title}, {down}", column.key: f"{column.title}, {up}"}
        return list(found.items())

    @property
    def first_page(self) -> str:
        return self.question.address()

    @property
    def page_size(self) -> int:
        return PAGE_SIZE

    @property
    def next_page(self) -> str:
        return self.question.address(after=self.after) if self.after else ""

    @property
    def same_page(self) -> str:
        """The query that brings these rows again, with the same columns."""
        asked = self.question
        return asked.address(after=asked.after, columns=tuple(self.shown))


@dataclass(frozen=True)
class Scope:
    """Whose runs are listed: all that a person sees, or those of an experiment."""

    user: User
    experiment: Experiment | None = None

    @property
    def runs(self) -> QuerySet[Run]:
        runs = visible_runs(self.user)
        return runs.filter(experiment=self.experiment) if self.experiment else runs

    def knowledge(self, question: Question) -> Knowledge:
        return read_knowledge(self.runs.filter(question.in_archive()))

    @property
    def num_archived(self) -> int:
        return self.runs.filter(archived_at__isnull=False).count()


def default_columns(scope: Scope, knowledge: Knowledge) -> list[str]:
    """In an experiment what tells its runs apart, elsewhere where they are; then how far they are and how good."""
    return [*(knowledge.differing[:NUM_DIFFERING] if scope.experiment else ["experiment"]), *NUMBERS]


def read_runs(scope: Scope, question: Question, columns: list[str]) -> RunList:
    shown = columns_of(list(question.columns) or columns)
    headings = [_heading(question, column) for column in (*map(column_of, ALWAYS), *shown)]
    try:
        condition = question.condition(scope.user)
    except FilterError as problem:
        return RunList(question, headings, problem=problem)
    page = read_page(scope.runs.filter(condition), question.column, question.is_descending, question.after)
    found = with_latest_numbers(scope.runs.select_related("created_by")).in_bulk(page.ids)
    rows = [_row(found[run_id], shown) for run_id in page.ids if run_id in found]
    return RunList(question, headings, rows, page.after, page.total)


def _row(run: Run, columns: list[Column]) -> Row:
    return Row(run, [Cell(column, column.read(run)) for column in columns])


def _heading(question: Question, column: Column) -> Heading:
    direction = ""
    if question.sort.removeprefix("-") == column.key:
        direction = "descending" if question.is_descending else "ascending"
    return Heading(column, question.sorted_by(column), direction)
