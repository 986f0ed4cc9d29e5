"""Saved comparisons: what somebody saw of checkpoints and pictures, and wants the team to find again."""

from datetime import datetime
from typing import Annotated, Self
from urllib.parse import parse_qsl

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field

from api.idempotency import once
from api.inputs import Text
from api.paging import Order, PageOf, read_page
from api.problems import unfit
from comparing import services
from comparing.looking import Looking, parse_looking
from comparing.models import Comparison
from comparing.selectors import visible_comparisons
from comparing.services import LONGEST_NAME, LONGEST_NOTES, ComparisonInvalid
from runs.services import require_team_to_write, require_writer

router = Router(tags=["Comparisons"])

NEWEST_FIRST = Order(("created_at", "id"), is_descending=True)
LONGEST_QUERY = 4000

Name = Annotated[Text, Field(max_length=LONGEST_NAME)]
Notes = Annotated[Text, Field(max_length=LONGEST_NOTES)]
Query = Annotated[
    Text, Field(max_length=LONGEST_QUERY, description="What the address of the page has behind its question mark.")
]


class NewComparison(Schema, extra="forbid"):
    name: Name
    query: Query
    notes: Notes = ""


class Change(Schema, extra="forbid"):
    """What is left out stays as it is."""

    name: Name | None = None
    query: Query | None = None
    notes: Notes | None = None


class ComparisonOut(Schema):
    """`policies` are the columns of its grid, `items` the pictures beside each other, by their short names."""

    id: int
    name: str
    notes: str
    team: str
    policies: list[str]
    items: list[str]
    query: str
    created_at: datetime
    page: str

    @classmethod
    def of(cls, comparison: Comparison) -> Self:
        looking = comparison.looking
        return cls(
            **{name: getattr(comparison, name) for name in ("id", "name", "notes", "created_at")},
            team=comparison.team.slug,
            policies=[str(ref) for ref in looking.policies],
            items=[str(ref) for ref in looking.items],
            query=looking.query,
            page=reverse("comparison", args=[comparison.id]),
        )


class ComparisonPage(Schema):
    items: list[ComparisonOut]
    next: str | None


@router.get("/comparisons", response=ComparisonPage)
def comparisons(request: HttpRequest, page: PageOf):
    """The teams' saved comparisons, newest first."""
    found, following = read_page(visible_comparisons(request.user), NEWEST_FIRST, page)
    return ComparisonPage(items=[ComparisonOut.of(one) for one in found], next=following)


@router.post("/comparisons", response={201: ComparisonOut})
@once
def save_comparison(request: HttpRequest, body: NewComparison):
    """Save one for the team whose pictures it shows."""
    require_team_to_write(request.user)
    looking = _looking(body.query)
    try:
        saved = services.save_comparison(request.user, body.name, body.notes, looking)
    except ComparisonInvalid as invalid:
        raise unfit("query" if body.name.strip() else "name", body.query, str(invalid)) from invalid
    return Status(201, ComparisonOut.of(saved))


@router.get("/comparisons/{comparison_id}", response=ComparisonOut)
def comparison(request: HttpRequest, comparison_id: int):
    return ComparisonOut.of(_visible(request, comparison_id))


@router.patch("/comparisons/{comparison_id}", response=ComparisonOut)
def change_comparison(request: HttpRequest, comparison_id: int, body: Change):
    """Another name, other notes, or something else that it shows."""
    found = _visible(request, comparison_id)
    require_writer(request.user, found.team_id)
    looking = None if body.query is None else _looking(body.query)
    name = found.name if body.name is None else body.name
    notes = found.notes if body.notes is None else body.notes
    try:
        services.change_comparison(request.user, found, name, notes, looking)
    except ComparisonInvalid as invalid:
        raise unfit("query" if name.strip() else "name", body.query, str(invalid)) from invalid
    return ComparisonOut.of(found)


@router.delete("/comparisons/{comparison_id}", response={204: None})
def delete_comparison(request: HttpRequest, comparison_id: int):
    """Its pictures stay."""
    services.delete_comparison(request.user, _visible(request, comparison_id))
    return Status(204, None)


def _looking(query: str) -> Looking:
    try:
        return parse_looking(dict(parse_qsl(query.lstrip("?"))))
    except ValueError as error:
        raise unfit("query", query, str(error)) from error


def _visible(request: HttpRequest, comparison_id: int) -> Comparison:
    return get_object_or_404(visible_comparisons(request.user), id=comparison_id)
