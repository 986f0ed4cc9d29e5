"""Lists in pages: each answer carries the cursor of the next one, so that what is added meanwhile shifts nothing."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Annotated, Any

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from ninja import Query, Schema
from pydantic import Field

from api.problems import unfit

LONGEST = 200


class PageQuery(Schema):
    cursor: Annotated[str, Field(description="`next` of the answer before; leave it out to start.")] = ""
    limit: Annotated[int, Field(ge=1, le=LONGEST, description="Entries an answer.")] = 50


PageOf = Annotated[PageQuery, Query()]


@dataclass(frozen=True)
class Order:
    """The order of a list, by fields that together tell its rows apart."""

    fields: tuple[str, ...]
    is_descending: bool = False


def read_page(rows: QuerySet, order: Order, page: PageQuery) -> tuple[list[Any], str | None]:
    """The rows of a page, and the cursor of the next one where there is one."""
    sign = "-" if order.is_descending else ""
    if page.cursor:
        rows = rows.filter(_beyond(order, _decode(page.cursor, rows.model, order)))
    found = list(rows.order_by(*(f"{sign}{name}" for name in order.fields))[: page.limit + 1])
    shown = found[: page.limit]
    return shown, _encode(shown[-1], order) if len(found) > page.limit else None


def _beyond(order: Order, position: list) -> Q:
    comparison = "lt" if order.is_descending else "gt"
    beyond, level = Q(pk__in=[]), Q()
    for name, value in zip(order.fields, position, strict=True):
        beyond |= level & Q(**{f"{name}__{comparison}": value})
        level &= Q(**{name: value})
    return beyond


def _encode(row: Model, order: Order) -> str:
    position = [row._meta.get_field(name).value_to_string(row) for name in order.fields]
    return urlsafe_b64encode(json.dumps(position).encode()).decode()


def _decode(cursor: str, model: type[Model], order: Order) -> list:
    try:
        texts = json.loads(urlsafe_b64decode(cursor.encode()))
        fields = [model._meta.get_field(name) for name in order.fields]
        return [field.to_python(str(text)) for field, text in zip(fields, texts, strict=True)]
    except (ValueError, TypeError, ValidationError):
        message = f"“{cursor[:40]}” is none of ours: give `next` of the answer before, or leave it out to start."
        raise unfit("cursor", cursor, message) from None
