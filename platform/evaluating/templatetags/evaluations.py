"""What the pages of runs and experiments show of evaluations."""

from django import template

from evaluating.selectors import NUM_LISTED, newest_in, newest_of_run
from runs.models import Experiment, Run

register = template.Library()


@register.inclusion_tag("evaluating/_of_run.html", takes_context=True)
def evaluations_of_run(context, run: Run) -> dict:
    found = newest_of_run(context["request"].user, run)
    has_more = len(found) == NUM_LISTED
    return {"evaluations": found, "run": run, "has_more": has_more, "may_write": context["may_write"]}


@register.inclusion_tag("evaluating/_of_experiment.html", takes_context=True)
def evaluations_of_experiment(context, experiment: Experiment) -> dict:
    return {"evaluations": newest_in(context["request"].user, experiment)}
