"""The page of a new run."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from flowdppo_engine.recipes import find_recipe, load_recipe
from runs import selectors, services
from runs.config_form import ConfigForm
from runs.forms import RunForm
from runs.models import Experiment, Run
from teams.selectors import may_write

NO_RIGHT = "Viewers cannot submit runs: ask an owner of the team to make you a member."
FIRST_RECIPE = "sandbox-flow-dppo"


@require_http_methods(["GET", "POST"])
def run_new(request: HttpRequest, experiment_id: int) -> HttpResponse:
    """The form with a recipe's values (`?recipe=`) or another run's (`?like=`), its changes and its submission."""
    experiment = _experiment_to_write(request, experiment_id)
    return (_submit if request.method == "POST" else _show)(request, experiment)


@require_POST
def run_plan(request: HttpRequest, experiment_id: int) -> HttpResponse:
    """What the run in the form will take, and what to look at twice."""
    _experiment_to_write(request, experiment_id)
    form = ConfigForm.typed(load_recipe(FIRST_RECIPE), request.POST)
    return render(request, "runs/_plan.html", {"plan": form.plan})


def _experiment_to_write(request: HttpRequest, experiment_id: int) -> Experiment:
    experiment = get_object_or_404(selectors.visible_experiments(request.user), id=experiment_id)
    if not may_write(request.user, experiment.team_id):
        raise PermissionDenied(NO_RIGHT)
    return experiment


def _show(request: HttpRequest, experiment: Experiment) -> HttpResponse:
    like = _run_to_copy(request)
    recipe = like.recipe if like else request.GET.get("recipe", FIRST_RECIPE)
    form = RunForm({"recipe": recipe, "name": request.GET.get("name", "")})
    known = recipe if form.is_valid() else FIRST_RECIPE
    config = ConfigForm.showing(load_recipe(known), like.config) if like else ConfigForm(load_recipe(known))
    return _render(request, experiment, form, config, known)


def _submit(request: HttpRequest, experiment: Experiment) -> HttpResponse:
    form = RunForm(request.POST)
    is_valid = form.is_valid()
    recipe = form.cleaned_data.get("recipe", FIRST_RECIPE)
    if edited := ConfigForm.edited(load_recipe(recipe), request.POST):
        return _render(request, experiment, form, edited, recipe)
    config_form, config = ConfigForm.submitted(load_recipe(recipe), request.POST)
    if not is_valid or config is None:
        return _render(request, experiment, form, config_form, recipe, status=422)
    name = form.cleaned_data["name"] or _suggest_name(experiment, recipe)
    run = services.submit_run(request.user, experiment, name, recipe, config.model_dump(mode="json"))
    return redirect("run", run.id)


def _render(request, experiment, form, config, recipe, status=200) -> HttpResponse:
    context = {
        "experiment": experiment,
        "form": form,
        "config": config,
        "recipe": find_recipe(recipe),
        "suggested_name": _suggest_name(experiment, recipe),
    }
    template = "runs/_run_fields.html" if request.htmx else "runs/run_new.html"
    return render(request, template, context, status=status)


def _run_to_copy(request: HttpRequest) -> Run | None:
    wanted = request.GET.get("like")
    if not wanted:
        return None
    return get_object_or_404(selectors.visible_runs(request.user), id=selectors.parse_run_id(wanted))


def _suggest_name(experiment: Experiment, recipe: str) -> str:
    return f"{recipe} {experiment.runs.count() + 1}"
