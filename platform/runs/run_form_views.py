"""The page of a new run."""

from dataclasses import replace

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from flowdppo_engine.recipes import find_recipe
from runs import selectors, services
from runs.models import Experiment, Run
from runs.names import suggest_name
from runs.run_entry import FIRST_RECIPE, FORM, YAML, Entry, entry_of_clone, entry_of_post, entry_of_recipe
from teams.selectors import may_write

NO_RIGHT = "Viewers cannot submit runs: ask an owner of the team to make you a member."


@require_http_methods(["GET", "POST"])
def run_new(request: HttpRequest, experiment_id: int) -> HttpResponse:
    """The form with a recipe's values (`?recipe=`) or another run's (`?like=`), its changes and its submission."""
    experiment = experiment_to_write(request, experiment_id)
    if request.method == "POST":
        return _answer(request, experiment, entry_of_post(request.user, request.POST))
    source = _run_to_copy(request)
    if source:
        return render_entry(request, experiment, entry_of_clone(source))
    asked = request.GET.get("recipe", FIRST_RECIPE)
    return render_entry(request, experiment, entry_of_recipe(request.GET.get("name", ""), asked))


@require_POST
def run_check(request: HttpRequest, experiment_id: int) -> HttpResponse:
    """What stands beside the form while somebody types: what is wrong, what differs, and what the run will take."""
    experiment = experiment_to_write(request, experiment_id)
    entry, _ = entry_of_post(request.user, request.POST).judged()
    return render(request, "runs/_run_aside.html", _context(experiment, entry))


def experiment_to_write(request: HttpRequest, experiment_id: int) -> Experiment:
    """The experiment, for those who may submit runs to it."""
    experiment = get_object_or_404(selectors.visible_experiments(request.user), id=experiment_id)
    if not may_write(request.user, experiment.team_id):
        raise PermissionDenied(NO_RIGHT)
    return experiment


def render_entry(request: HttpRequest, experiment: Experiment, entry: Entry, status: int = 200) -> HttpResponse:
    template = "runs/_run_fields.html" if request.htmx else "runs/run_new.html"
    return render(request, template, _context(experiment, entry), status=status)


def _answer(request: HttpRequest, experiment: Experiment, entry: Entry) -> HttpResponse:
    post = request.POST
    chosen = entry.form.cleaned_data.get("recipe", entry.recipe)
    if "restore" in post:
        return render_entry(request, experiment, replace(entry, is_restored=True))
    if chosen != entry.recipe:
        return render_entry(request, experiment, entry.on_recipe(chosen))
    if post.get("view") in (YAML, FORM):
        shown = entry.as_form() if post["view"] == FORM else entry.as_yaml()
        return render_entry(request, experiment, shown)
    if edited := entry.edited(post):
        return render_entry(request, experiment, edited)
    return _submit(request, experiment, entry)


def _submit(request: HttpRequest, experiment: Experiment, entry: Entry) -> HttpResponse:
    form = entry.form
    entry, config = entry.judged()
    if not form.is_single() or config is None:
        return render_entry(request, experiment, entry, status=422)
    run = services.submit_run(
        request.user,
        experiment,
        form.cleaned_data["name"] or suggest_name(experiment, entry.recipe, entry.source),
        entry.recipe,
        config.model_dump(mode="json"),
        cloned_from=entry.source,
        priority=form.cleaned_data["priority"],
        num_gpus=form.cleaned_data["num_gpus"],
    )
    return redirect("run", run.id)


def _context(experiment: Experiment, entry: Entry) -> dict:
    return {
        "experiment": experiment,
        "entry": entry,
        "form": entry.form,
        "config": entry.config,
        "recipe": find_recipe(entry.recipe),
        "suggested_name": suggest_name(experiment, entry.recipe, entry.source),
    }


def _run_to_copy(request: HttpRequest) -> Run | None:
    wanted = request.GET.get("like")
    if not wanted:
        return None
    return get_object_or_404(selectors.visible_runs(request.user), id=selectors.parse_run_id(wanted))
