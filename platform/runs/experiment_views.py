"""The pages of experiments: the list, one with its runs, a new one, and what people say of it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from runs import selectors, services, upkeep
from runs.best import best_so_far
from runs.describe_forms import DescribeExperimentForm, values_of
from runs.evaluated import scores_of
from runs.forms import ExperimentForm
from runs.frontiers import read_frontier
from runs.list_views import list_context, table_context
from runs.lists.experiments import read_experiments
from runs.lists.read import Scope
from runs.models import Experiment
from runs.overviews import experiments_overview
from runs.panel_views import MAX_RUNS
from runs.run_picker import address_of_curves
from runs.services import require_writer
from runs.templatetags.figures import num_by_state
from teams.selectors import may_write, teams_of, teams_written_by


@require_GET
def experiment_list(request: HttpRequest) -> HttpResponse:
    context = {
        "list": read_experiments(request.user, request.GET),
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
    experiment = get_object_or_404(experiments_overview(request.user), id=experiment_id)
    listed = list_context(request, Scope(request.user, experiment))
    scores = {score.key: score for score in scores_of(listed["knowledge"])}
    score = scores.get(request.GET.get("score", "")) or next(iter(scores.values()), None)
    context = listed | {
        "experiment": experiment,
        "has_runs": bool(listed["num_archived"] or num_by_state(experiment)),
        "may_write": may_write(request.user, experiment.team_id),
        "scores": list(scores.values()),
        "score": score,
        "best": best_so_far(request.user, experiment, score),
        "frontier": read_frontier(request.user, experiment, score),
    }
    return render(request, "runs/experiment.html", context)


@require_GET
def experiment_runs(request: HttpRequest, experiment_id: int) -> HttpResponse:
    """The table of runs, for the page to refresh."""
    experiment = visible_experiment(request, experiment_id)
    return render(request, "runs/_run_table.html", table_context(request, Scope(request.user, experiment)))


@require_GET
def experiment_compare(request: HttpRequest, experiment_id: int) -> HttpResponse:
    """Open the ticked runs overlaid in the panel; without a tick, all of them, or the newest where there are many."""
    experiment = visible_experiment(request, experiment_id)
    runs = selectors.visible_runs(request.user).filter(experiment=experiment)
    ticked = [selectors.parse_run_id(text) for text in request.GET.getlist("run")]
    chosen = runs.filter(id__in=ticked) if ticked else runs.filter(archived_at=None)
    newest = chosen.order_by("-created_at", "-id").values_list("id", flat=True)[:MAX_RUNS]
    return redirect(address_of_curves(newest))


@require_http_methods(["GET", "POST"])
def experiment_describe(request: HttpRequest, experiment_id: int) -> HttpResponse:
    """Name, question, tags and notes of an experiment."""
    experiment = visible_experiment(request, experiment_id)
    require_writer(request.user, experiment.team_id)
    form = DescribeExperimentForm(request.POST or None, initial=values_of(experiment), experiment=experiment)
    if request.method == "POST" and form.is_valid():
        upkeep.describe_experiment(request.user, experiment, form.said, form.cleaned_data["description"])
        return redirect("experiment", experiment_id)
    context = {"experiment": experiment, "form": form}
    return render(request, "runs/experiment_describe.html", context, status=422 if form.errors else 200)


@require_POST
def experiment_archive(request: HttpRequest, experiment_id: int) -> HttpResponse:
    """Into the archive, or with `back` out of it."""
    experiment = visible_experiment(request, experiment_id)
    is_archived = "back" not in request.POST
    upkeep.archive_experiment(request.user, experiment, is_archived)
    where = "is archived: the list of experiments does not show it" if is_archived else "is back in the list"
    messages.info(request, f"“{experiment.name}” {where}.")
    return redirect("experiment", experiment_id)


def visible_experiment(request: HttpRequest, experiment_id: int) -> Experiment:
    return get_object_or_404(selectors.visible_experiments(request.user), id=experiment_id)
