"""Which prompts a grid shows: those that its policies drew, in the order in which they were drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Min, Q

from comparing.columns import Column
from comparing.looking import Looking, mark_of
from comparing.rows import Rows
from runs.models import SampleKind

PAGE_SIZE = 12
MOST_LISTED = 500


@dataclass(frozen=True)
class Prompts:
    """`known` maps marks to prompts, at most MOST_LISTED; `after` begins the next page, empty on the last one."""

    known: dict[str, str]
    shown: list[str]
    after: str

    @property
    def texts(self) -> list[str]:
        return [self.known[mark] for mark in self.shown]


def samples_of(columns: Sequence[Column]) -> Q:
    """The fixed samples that stand for these columns."""
    places = Q(pk__in=[])
    for column in columns:
        if column.samples_at is not None:
            places |= Q(run=column.ref.run_id, iteration=column.samples_at)
    return places & Q(kind=SampleKind.FIXED)


def drawings_of(columns: Sequence[Column]) -> Q:
    """The drawings of exactly these policies."""
    places = Q(pk__in=[])
    for column in columns:
        places |= Q(run=column.ref.run_id, iteration=column.ref.iteration)
    return places


def prompts_of(rows: Rows, columns: Sequence[Column], looking: Looking) -> Prompts:
    """Two queries. A mark that none of the prompts has is passed over."""
    samples = rows.samples.filter(samples_of(columns)).order_by()
    drawings = rows.drawings.filter(drawings_of(columns)).order_by()
    found: dict[str, str] = {}
    for pictures, first in ((samples, Min("index")), (drawings, Min("id"))):
        named = pictures.values("prompt").annotate(first=first).order_by("first", "prompt")
        found.update((mark_of(row["prompt"]), row["prompt"]) for row in named[:MOST_LISTED])
    marks = list(found)[:MOST_LISTED]
    known = {mark: found[mark] for mark in marks}
    if looking.prompts:
        return Prompts(known, [mark for mark in marks if mark in looking.prompts], "")
    begin = marks.index(looking.after) + 1 if looking.after in known else 0
    shown = marks[begin : begin + PAGE_SIZE]
    return Prompts(known, shown, shown[-1] if len(marks) > begin + PAGE_SIZE else "")
