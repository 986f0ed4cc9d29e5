"""What a person asks of a list of runs, as it stands in the address."""

from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import urlencode

from django.db.models import Q
from django.http import QueryDict

from runs.filters import FilterError, fields, parse
from runs.filters.grammar import Comparison, Value
from runs.lists.columns import Column, column_of
from teams.models import User

HIDDEN, WITH, ONLY = "", "with", "only"
NEWEST_FIRST = "-created"
LONGEST = 2000
MOST_COLUMNS = 40
TEXTS = ("q", "state", "tag", "person", "after")


@dataclass(frozen=True)
class Question:
    """`text` is in the language of `runs.filters`; state, tag, person, since and until are what the form asks for."""

    text: str = ""
    state: str = ""
    tag: str = ""
    person: str = ""
    since: str = ""
    until: str = ""
    archived: str = HIDDEN
    sort: str = NEWEST_FIRST
    columns: tuple[str, ...] = ()
    after: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> "Question":
        """What is no choice there is, is as if it were not there."""
        # A text without zero bytes, which the database takes.
        texts = {name: query.get(name, "").replace("\x00", "").strip()[:LONGEST] for name in TEXTS}
        days = {name: _day(query.get(name, "")) for name in ("since", "until")}
        archived = query.get("archived", HIDDEN)
        return cls(
            text=texts.pop("q"),
            archived=archived if archived in (WITH, ONLY) else HIDDEN,
            sort=_sort(query.get("sort", "")),
            columns=tuple(dict.fromkeys(query.getlist("column")))[:MOST_COLUMNS],
            **texts,
            **days,
        )

    @property
    def column(self) -> Column:
        """What the list is sorted by."""
        return column_of(self.sort.removeprefix("-"))

    @property
    def is_descending(self) -> bool:
        return self.sort.startswith("-")

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the archive keeps runs away."""
        return any((self.text, self.state, self.tag, self.person, self.since, self.until))

    def condition(self, me: User) -> Q:
        """Raises FilterError where the text, or a value of the form, says nothing."""
        asked = [("state", "=", self.state), ("tag", "=", self.tag), ("person", "=", self.person)]
        asked += [("created", ">=", self.since), ("created", "<=", self.until)]
        found = parse(self.text, me)
        for field, operator, value in asked:
            if value:
                found &= fields.condition(Comparison(field, operator, (Value(value, True),)), me)
        return found & self.in_archive()

    def in_archive(self) -> Q:
        return Q() if self.archived == WITH else Q(archived_at__isnull=self.archived == HIDDEN)

    def address(self, **changes) -> str:
        """The query of the same list with these changes; of another page where nothing else is changed."""
        asked = replace(self, after=changes.pop("after", ""), **changes)
        pairs = [*asked.narrowing, *(("column", key) for key in asked.columns), ("after", asked.after)]
        return urlencode([(name, value) for name, value in pairs if value], safe="/:-")

    @property
    def narrowing(self) -> list[tuple[str, str]]:
        """What says which runs are listed, and in which order."""
        sort = "" if self.sort == NEWEST_FIRST else self.sort
        names = ("state", "tag", "person", "since", "until", "archived")
        return [("q", self.text), *((name, getattr(self, name)) for name in names), ("sort", sort)]

    def sorted_by(self, column: Column) -> str:
        """The query of the same list sorted by this column: numbers the highest first, then the other way round."""
        first = f"-{column.key}" if column.is_number else column.key
        other = column.key if first.startswith("-") else f"-{column.key}"
        return self.address(sort=other if self.sort == first else first)


def _sort(text: str) -> str:
    try:
        column_of(text.removeprefix("-"))
    except FilterError:
        return NEWEST_FIRST
    return text


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""
