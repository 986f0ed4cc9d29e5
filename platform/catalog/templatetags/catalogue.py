"""What pages of other apps show of the catalogue."""

from django import template

from catalog.picking import Picker, departures_of, pickers_of
from catalog.prompt_files import is_reference, name_of
from catalog.selectors import uses_of_run
from runs.models import Run

register = template.Library()


@register.filter
def prompt_set_name(source: str) -> str:
    """The catalogue's prompt sets without folder and hash; others as the configuration names them."""
    return name_of(source) if is_reference(source) else source


@register.inclusion_tag("catalog/_pickers.html", takes_context=True)
def catalogue_pickers(context) -> dict:
    """The fields of a run's form from which a base model, prompts and rewards are picked."""
    return {"pickers": _pickers(context), "experiment": context["experiment"]}


@register.inclusion_tag("catalog/_departures.html", takes_context=True)
def catalogue_departures(context) -> dict:
    """How far the form departs from what was picked."""
    return {"departures": departures_of(_pickers(context), context["entry"].texts)}


@register.inclusion_tag("catalog/_uses.html", takes_context=True)
def catalogue_uses(context, run: Run) -> dict:
    """What a run was submitted with, and the way to save what it has."""
    uses = uses_of_run(context["request"].user, run)
    return {"uses": uses, "run": run, "may_write": context["may_write"]}


def _pickers(context) -> list[Picker]:
    request, entry = context["request"], context["entry"]
    # What was picked on another recipe has nothing to do with this one.
    post = {} if entry.switch else request.POST
    return pickers_of(request.user, context["experiment"].team_id, post, entry.texts)
