"""The wall of pictures: samples of runs and drawings of their policies as one list, in pages, filtered and sorted.

Both tables are asked as one (a union of what orders them), so that thousands of rows are sorted where they lie; what a
page shows is then read by id.
"""

import json
import math
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Exists, F, FloatField, Max, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce

from pictures.models import Drawing
from pictures.policies import find_policies
from pictures.refs import DRAWING, SAMPLE
from pictures.selectors import visible_drawings
from pictures.wall_questions import ALL, DRAWN, PROMPT, REWARD, Question
from runs.media import visible_samples
from runs.models import Run, RunState, Sample
from runs.run_picker import find_runs
from runs.selectors import visible_runs
from teams.models import User

PAGE = 120
NUM_NEWEST_RUNS = 4

Picture = Sample | Drawing

EXTREMES = """
SELECT entry.key, min(entry.value::float8), max(entry.value::float8)
FROM ({pictures}) AS picture, LATERAL jsonb_each(picture.rewards) AS entry
WHERE jsonb_typeof(entry.value) = 'number'
GROUP BY entry.key ORDER BY entry.key
"""


@dataclass(frozen=True)
class Order:
    """The columns that a page is sorted by and goes on after; together they tell rows apart, and none has a null."""

    columns: tuple[tuple[str, bool], ...]
    """Each with whether it falls."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.columns)

    def beyond(self, place: Sequence) -> Q:
        beyond, level = Q(pk__in=[]), Q()
        for (name, falls), value in zip(self.columns, place, strict=True):
            beyond |= level & Q(**{f"{name}__{'lt' if falls else 'gt'}": value})
            level &= Q(**{name: value})
        return beyond


# Of one moment samples come before drawings: s before d.
AS_DRAWN = (("source", True), ("id", False))
NEWEST_FIRST = Order((("iteration", True), *AS_DRAWN))


class Wall:
    """The pictures that a question asks for, of those that the person may see."""

    def __init__(self, user: User, question: Question):
        self._user = user
        self._question = question
        self.policies = [*find_policies(user, question.policies).values()]
        self.runs = self._find_runs()
        self._drawn_at = {} if question.policies else self._read_iterations()

    @property
    def steps(self) -> list[int]:
        """The iterations that have pictures of these runs and kinds."""
        return sorted({step for steps in self._drawn_at.values() for step in steps})

    @property
    def step(self) -> int | None:
        """The one that is shown; None where all are, or where policies were asked for."""
        wanted = self._question.step
        if wanted == ALL or not self.steps:
            return None
        return self.steps[-1] if wanted is None else max((s for s in self.steps if s <= wanted), default=self.steps[0])

    def extremes(self) -> dict[str, tuple[float, float]]:
        """Each reward's lowest and highest value, whatever the filters leave."""
        try:
            parts = [rows.order_by().values("rewards").query.sql_with_params() for rows in self._chosen()]
        except EmptyResultSet:
            return {}
        pictures = " UNION ALL ".join(f"({sql})" for sql, _ in parts)
        with connection.cursor() as cursor:
            cursor.execute(EXTREMES.format(pictures=pictures), [value for _, values in parts for value in values])
            return {name: (low, high) for name, low, high in cursor}

    @property
    def is_live(self) -> bool:
        """Whether more may come of its runs."""
        return any(run.state in (RunState.QUEUED, RunState.RUNNING) for run in self.runs)

    def count(self, after: Mapping[str, int] | None = None) -> int:
        """How many there are; with `after` of those that came after it."""
        after = after or {}
        return sum(rows.filter(id__gt=after.get(_source(rows), 0)).count() for rows in self._filtered())

    def newest(self) -> dict[str, int]:
        """The highest number of a sample and of a drawing of these runs so far."""
        legs = self._of_kinds(Q(run__in=[run.id for run in self.runs]))
        return {_source(rows): rows.aggregate(newest=Max("id"))["newest"] or 0 for rows in legs}

    def read_page(self, after: str = "") -> tuple[list[Picture], str]:
        """The pictures of a page, and where the next one begins, empty on the last. Raises ValueError."""
        order = self._order()
        legs = [rows.annotate(value=self._value(rows.model)) for rows in self._filtered()]
        if after:
            place = _decode(after, order)
            legs = [rows.filter(order.beyond(place)) for rows in legs]
        found = list(_in_order(legs, order)[: PAGE + 1]) if legs else []
        following = _encode(found[PAGE - 1], order) if len(found) > PAGE else ""
        return self._read([(row["source"], row["id"]) for row in found[:PAGE]]), following

    def _find_runs(self) -> list[Run]:
        question = self._question
        if question.policies:
            return list({policy.run.id: policy.run for policy in self.policies}.values())
        return find_runs(self._user, list(question.runs)) if question.runs else newest_runs(self._user)

    def _read_iterations(self) -> dict[UUID, list[int]]:
        found: dict[UUID, set[int]] = {}
        for rows in self._of_kinds(Q(run__in=[run.id for run in self.runs])):
            for run_id, iteration in rows.order_by().values_list("run_id", "iteration").distinct():
                found.setdefault(run_id, set()).add(iteration)
        return {run_id: sorted(steps) for run_id, steps in found.items()}

    def _of_kinds(self, condition: Q) -> list[QuerySet]:
        """What the condition holds for of the kinds asked for: of each table that has them."""
        kinds = [kind for kind in self._question.kinds if kind != DRAWN]
        samples = visible_samples(self._user).select_related(None).filter(condition, kind__in=kinds)
        drawings = visible_drawings(self._user).select_related(None).filter(condition, expires_at=None)
        legs = [(kinds, samples, SAMPLE), (DRAWN in self._question.kinds, drawings, DRAWING)]
        text = TextField()
        return [rows.annotate(source=Value(source, text)) for wanted, rows, source in legs if wanted]

    def _chosen(self) -> list[QuerySet]:
        """The pictures of the policies, or of the runs at the step."""
        condition = Q(pk__in=[])
        if self._question.policies:
            for policy in self.policies:
                condition |= Q(run=policy.run, iteration=policy.iteration)
        elif self._question.step == ALL:
            condition = Q(run__in=[run.id for run in self.runs])
        else:
            for run_id, steps in self._drawn_at.items():
                last = max((step for step in steps if step <= self.step), default=None)
                condition |= Q(run=run_id, iteration=last) if last is not None else Q(pk__in=[])
        return self._of_kinds(condition)

    def _filtered(self) -> list[QuerySet]:
        question, condition = self._question, Q()
        if question.text:
            condition &= Q(prompt__icontains=question.text)
        if question.seed is not None:
            condition &= Q(seed=question.seed)
        legs = []
        for rows in self._chosen():
            if question.group is not None:
                rows = rows.filter(group=question.group) if rows.model is Sample else rows.none()
            for number, one in enumerate(question.ranges):
                name = f"quantity_{number}"
                rows = rows.annotate(**{name: _quantity(one.quantity, rows.model)})
                # A range without an end on one side still leaves out what has no such quantity.
                rows = rows.filter(**{f"{name}__gte": one.low, f"{name}__lte": one.high})
            legs.append(rows.filter(condition))
        return legs

    def _order(self) -> Order:
        question = self._question
        by_value = ("value", question.descending if question.sort else True)
        if question.as_groups:
            return Order((("iteration", True), ("run_id", False), ("group", False), by_value, ("id", False)))
        return Order((by_value, *AS_DRAWN)) if question.sort else NEWEST_FIRST

    def _value(self, model: type[Picture]):
        """What rows are sorted by; those without it come last. In a group the best comes first."""
        question = self._question
        if question.sort == PROMPT:
            return F(PROMPT)
        descends = question.descending if question.sort else True
        nothing = Value(-math.inf if descends else math.inf, FloatField())
        return Coalesce(_quantity(question.sort or "advantage", model), nothing, output_field=FloatField())

    def _read(self, places: Sequence[tuple[str, int]]) -> list[Picture]:
        ids = {source: [id for of, id in places if of == source] for source in (SAMPLE, DRAWING)}
        found: dict[tuple[str, int], Picture] = {}
        for source, rows in ((SAMPLE, visible_samples(self._user)), (DRAWING, visible_drawings(self._user))):
            if ids[source]:
                # A configuration is a hundred times what a tile says of its run.
                light = rows.defer("run__config", "run__summary", "run__notes")
                found |= {(source, id): row for id, row in light.in_bulk(ids[source]).items()}
        return [found[place] for place in places if place in found]


def _source(rows: QuerySet) -> str:
    return SAMPLE if rows.model is Sample else DRAWING


def newest_runs(user: User) -> list[Run]:
    """The newest runs that have pictures."""
    samples, drawings = Sample.objects.filter(run=OuterRef("pk")), Drawing.objects.filter(run=OuterRef("pk"))
    found = visible_runs(user).filter(Exists(samples) | Exists(drawings)).defer("config", "summary", "notes")
    return list(found.order_by("-created_at", "-id")[:NUM_NEWEST_RUNS])


def _quantity(name: str, model: type[Picture]):
    """The expression of a quantity; null for drawings where they have none."""
    if name.startswith(REWARD):
        return Cast(KeyTextTransform(name.removeprefix(REWARD), "rewards"), FloatField())
    if name == "advantage" and model is Drawing:
        return Value(None, FloatField())
    return Cast(F(name), FloatField())


def _in_order(legs: Iterable[QuerySet], order: Order) -> QuerySet:
    columns = dict.fromkeys(("source", "id", *order.names))
    first, *others = (rows.order_by().values(*columns) for rows in legs)
    rows = first.union(*others, all=True) if others else first
    return rows.order_by(*(f"-{name}" if falls else name for name, falls in order.columns))


def _encode(row: dict, order: Order) -> str:
    place = [row[name] for name in order.names]
    texts = [str(value) if isinstance(value, UUID | float) else value for value in place]
    return urlsafe_b64encode(json.dumps(texts).encode()).decode()


def _decode(after: str, order: Order) -> list:
    readers = {"iteration": int, "id": int, "group": int, "run_id": UUID, "source": str, "value": str}
    try:
        texts = json.loads(urlsafe_b64decode(after.encode()))
        return [readers[name](text) for name, text in zip(order.names, texts, strict=True)]
    except (ValueError, TypeError, AttributeError):
        raise ValueError(f"after = {after[:40]!r} is none of ours: leave it out to start over.") from None
