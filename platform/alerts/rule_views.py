"""The page of an experiment's alert rules."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from alerts import services
from alerts.forms import RuleForm
from alerts.rules import DEFINITIONS
from alerts.selectors import rules_of
from runs.models import Experiment
from runs.selectors import visible_experiments
from runs.services import require_writer
from teams.selectors import may_write


@require_http_methods(["GET", "POST"])
def alert_rules(request: HttpRequest, experiment_id: int) -> HttpResponse:
    """All kinds of rule, each with a form of its own: `?kind=` says which one was sent."""
    experiment = _visible_experiment(request, experiment_id)
    if request.method == "POST":
        require_writer(request.user, experiment.team_id)
    sent = request.POST.get("kind")
    rules = rules_of(experiment)
    forms = [RuleForm(rule, request.POST if rule.kind == sent else None) for rule in rules]
    form = next((form for form in forms if form.is_bound), None)
    if form and form.is_valid():
        is_on, pauses = form.cleaned_data["is_on"], form.cleaned_data["pauses"]
        services.set_rule(request.user, experiment, form.rule.kind, is_on=is_on, pauses=pauses, options=form.options)
        messages.info(request, f"“{form.rule.definition.kind.label}” is saved and holds from now on.")
        return redirect("alert_rules", experiment.id)
    context = {
        "experiment": experiment,
        "forms": forms,
        "may_write": may_write(request.user, experiment.team_id),
    }
    return render(request, "alerts/rules.html", context, status=422 if request.method == "POST" else 200)


@require_POST
def alert_rule_reset(request: HttpRequest, experiment_id: int, kind: str) -> HttpResponse:
    experiment = _visible_experiment(request, experiment_id)
    if kind not in DEFINITIONS:
        raise Http404(f"{kind} is no kind of alert rule.")
    services.reset_rule(request.user, experiment, kind)
    return redirect("alert_rules", experiment.id)


def _visible_experiment(request: HttpRequest, experiment_id: int) -> Experiment:
    return get_object_or_404(visible_experiments(request.user), id=experiment_id)
