"""Where an evaluation is asked for."""

import uuid

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from evaluating import services
from evaluating.costs import Cost, cost_of
from evaluating.forms import EvaluationForm
from evaluating.selectors import kept_checkpoints
from evaluating.wishes import config_of
from jobs.forms import messages_of
from runs.config_errors import ConfigInvalid
from runs.models import Run
from runs.selectors import visible_runs
from teams.selectors import may_write


@require_http_methods(["GET", "POST"])
def run_evaluate(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """`?checkpoint=` is the id of the one that is ticked at first; without it all are."""
    run = _run_to_write(request, run_id)
    form = _form(request, run)
    if request.method == "POST" and form.is_valid():
        try:
            return redirect("evaluation", services.evaluate(request.user, run, form.wish()).id)
        except ConfigInvalid as invalid:
            for message in messages_of(invalid):
                form.add_error(None, message)
        except ValidationError as error:
            form.add_error(None, error)
    context = {"form": form, "run": run, "cost": None if form.errors else _cost(run, form)}
    return render(request, "evaluating/form.html", context, status=422 if form.errors else 200)


@require_POST
def run_evaluate_cost(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """What it would draw, and how long that takes, while the form is filled in."""
    run = _run_to_write(request, run_id)
    form = _form(request, run)
    return render(request, "evaluating/_cost.html", {"cost": _cost(run, form) if form.is_valid() else None})


def _run_to_write(request: HttpRequest, run_id: uuid.UUID) -> Run:
    run = get_object_or_404(visible_runs(request.user), id=run_id)
    if not may_write(request.user, run.experiment.team_id):
        raise PermissionDenied("Viewers cannot start jobs: ask an owner of the team to make you a member.")
    return run


def _form(request: HttpRequest, run: Run) -> EvaluationForm:
    only = request.GET.get("checkpoint", "")
    return EvaluationForm(
        request.POST if request.method == "POST" else None,
        user=request.user,
        run=run,
        checkpoints=kept_checkpoints(request.user, run),
        only=int(only) if only.isascii() and only.isdigit() and len(only) < 19 else None,
    )


def _cost(run: Run, form: EvaluationForm) -> Cost | None:
    """Of what was sent, or of what the form begins with; None where that cannot be drawn."""
    wish = form.wish()
    try:
        config = config_of(run, wish)
    except ConfigInvalid:
        return None
    return cost_of(run.experiment.team, config, len(wish.checkpoints), len(wish.seeds))
