"""Sorted lists in pages: a page begins after the last row of the one before, wherever that row now is in the list.

Rows without a value come last, whichever the direction; rows of the same value come by their ids, the highest first.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Count, F, Q, QuerySet, Window

from runs.lists.columns import Column, Kind

PAGE_SIZE = 50
WHOLE_NUMBERS = ("iteration", "num_attempts")


@dataclass(frozen=True)
class Page:
    """The ids of a page's rows. `after` begins the next page; `total` is known on the first one only."""

    ids: Sequence[Any]
    after: str = ""
    total: int | None = None


def read_page(rows: QuerySet, column: Column, is_descending: bool, after: str = "", size: int = PAGE_SIZE) -> Page:
    """The rows of a page, and how many there are in all. A cursor that is none of ours begins anew."""
    rows = rows.annotate(sort_key=column.expression)
    position = _decode(after, column, rows)
    if position is not None:
        rows = rows.filter(_beyond(is_descending, *position))
    else:
        # In the same pass over the rows: asking twice would take twice as long.
        rows = rows.annotate(total=Window(Count("*")))
    order = F("sort_key").desc(nulls_last=True) if is_descending else F("sort_key").asc(nulls_last=True)
    names = ("id", "sort_key") if position is not None else ("id", "sort_key", "total")
    found = list(rows.order_by(order, "-id").values_list(*names)[: size + 1])
    shown = found[:size]
    total = None if position is not None else (found[0][2] if found else 0)
    following = _encode(shown[-1][1], shown[-1][0]) if len(found) > size else ""
    return Page([row[0] for row in shown], following, total)


def _beyond(is_descending: bool, value, row_id) -> Q:
    if value is None:
        return Q(sort_key__isnull=True, id__lt=row_id)
    further = "lt" if is_descending else "gt"
    later = Q(**{f"sort_key__{further}": value}) | Q(sort_key=value, id__lt=row_id)
    return later | Q(sort_key__isnull=True)


def _encode(value, row_id) -> str:
    return urlsafe_b64encode(json.dumps([value, str(row_id)], cls=ExactTimes).encode()).decode().rstrip("=")


def _decode(cursor: str, column: Column, rows: QuerySet) -> tuple[Any, Any] | None:
    if not cursor:
        return None
    try:
        value, row_id = json.loads(urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
        fitting = value if value is None else _fit(value, column)
        return fitting, rows.model._meta.pk.to_python(str(row_id))
    except (ValueError, TypeError, ValidationError):
        return None


def _fit(value, column: Column):
    if column.kind is Kind.TIME:
        return datetime.fromisoformat(value)
    if column.source and type(value) is not (int if column.source in WHOLE_NUMBERS else str):
        raise TypeError(value)
    return value


class ExactTimes(DjangoJSONEncoder):
    """Django's own cuts times to milliseconds, which would show a row twice."""

    def default(self, o):
        return o.isoformat() if isinstance(o, datetime) else super().default(o)
