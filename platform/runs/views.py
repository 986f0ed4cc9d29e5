"""The pages of experiments and runs."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from runs import selectors, services
from runs.config_texts import as_yaml
from runs.forms import ExperimentForm
from runs.fragments import log_context, results_context, status_context
from runs.genealogy import origin_of
from runs.overviews import experiments_overview, runs_overview
from runs.plans import plan_of
from teams.selectors import may_write, teams_of, teams_written_by


@require_GET
def experiment_list(request: HttpRequest) -> HttpResponse:
    context = {
        "experiments": experiments_overview(request.user),
        "has_team": teams_of(request.user).exists(),
        "may_create": teams_written_by(request.user).exists(),
    }
    return render(request, "runs/experiment_list.html", context)


@require_http_methods(["GET", "POST"])
def experiment_new(request: HttpRequest) -> HttpResponse:
    form = ExperimentForm(request.POST or None, user=request.user)
    services.require_team_to_write(request.user)
    if request.method == "POST" and form.is_valid():
        experiment = services.create_experiment(request.user, **form.cleaned_data)
        return redirect("experiment", experiment.id)
    return render(request, "runs/experiment_new.html", {"form": form}, status=422 if form.errors else 200)


@require_GET
def experiment_page(request: HttpRequest, experiment_id: int) -> HttpResponse:
    return render(request, "runs/experiment.html", _experiment_context(request, experiment_id))


@require_GET
def experiment_runs(request: HttpRequest, experiment_id: int) -> HttpResponse:
    """The table of runs, for the page to refresh."""
    return render(request, "runs/_run_table.html", _experiment_context(request, experiment_id))


@require_GET
def experiment_compare(request: HttpRequest, experiment_id: int) -> HttpResponse:
    """Open the ticked runs overlaid in the panel; without a tick, all of them."""
    experiment = get_object_or_404(selectors.visible_experiments(request.user), id=experiment_id)
    runs = selectors.visible_runs(request.user).filter(experiment=experiment)
    ticked = [selectors.parse_run_id(text) for text in request.GET.getlist("run")]
    chosen = runs.filter(id__in=ticked) if ticked else runs
    ids = ",".join(str(run_id) for run_id in chosen.values_list("id", flat=True))
    return redirect(f"/panel/?runs={ids}")


@require_GET
def run_page(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    run = get_object_or_404(selectors.visible_runs(request.user), id=run_id)
    context = {
        "origin": origin_of(request.user, run),
        "configuration": as_yaml(run.config),
        "plan": plan_of(run.config),
        **status_context(request.user, run),
        **results_context(request.user, run),
        **log_context(request.user, run),
    }
    return render(request, "runs/run.html", context)


@require_POST
def run_cancel(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    run = get_object_or_404(selectors.visible_runs(request.user), id=run_id)
    services.cancel_run(request.user, run)
    if request.htmx:
        run.refresh_from_db()
        return render(request, "runs/_status.html", status_context(request.user, run))
    return redirect(reverse("run", args=[run_id]))


def _experiment_context(request: HttpRequest, experiment_id: int) -> dict:
    experiment = get_object_or_404(selectors.visible_experiments(request.user), id=experiment_id)
    runs = list(runs_overview(request.user, experiment))
    return {
        "experiment": experiment,
        "runs": runs,
        "is_live": any(run.is_live for run in runs),
        "may_write": may_write(request.user, experiment.team_id),
    }
