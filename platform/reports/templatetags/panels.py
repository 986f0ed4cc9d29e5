"""Addresses inside a panel, which differ by where it is looked at."""

from uuid import UUID

from django import template

from reports.places import Place
from reports.scope import Row

register = template.Library()


@register.filter
def thumbnail(place: Place, row: Row) -> str:
    return place.thumbnail(row)


@register.filter
def picture(place: Place, row: Row) -> str:
    return place.picture(row)


@register.filter
def run_address(place: Place, run_id: UUID | None) -> str:
    return place.run(run_id) if run_id else ""
