"""Why a run waits, and sizes of memory."""

from django import template

from fleet.waiting import explain
from runs.models import Run

register = template.Library()


@register.simple_tag
def why_it_waits(run: Run) -> str:
    return explain(run)


@register.filter
def gib(mib: int) -> str:
    """Mebibytes as gibibytes, with one decimal below ten."""
    amount = mib / 1024
    return f"{amount:.1f}" if amount < 10 else f"{amount:.0f}"
