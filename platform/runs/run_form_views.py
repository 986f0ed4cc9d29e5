"""The page of a new run."""

from dataclasses import replace

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST
from pydantic import ValidationError

from catalog import picking
from fleet import targets
from flowdppo_engine.config import RunConfig
from flowdppo_engine.recipes import find_recipe
from jobs.trying import try_if_wanted
from runs import selectors, services
from runs.config_errors import ConfigInvalid
from runs.config_texts import data_of
from runs.estimates import measured_speed, num_passes
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
    entry, _ = _judged(experiment, entry_of_post(request.user, request.POST))
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
    if picking.FILL in post:
        return render_entry(request, experiment, _with_pick(request, experiment, entry))
    if edited := entry.edited(post):
        return render_entry(request, experiment, edited)
    return _submit(request, experiment, entry)


def _submit(request: HttpRequest, experiment: Experiment, entry: Entry) -> HttpResponse:
    form = entry.form
    entry, config = _judged(experiment, entry)
    if not form.is_single() or config is None:
        return render_entry(request, experiment, entry, status=422)
    try:
        run = _queue(request, experiment, entry, config)
    except ConfigInvalid as invalid:
        return render_entry(request, experiment, replace(entry, errors=invalid.errors), status=422)
    return redirect("run", run.id)


@transaction.atomic
def _queue(request: HttpRequest, experiment: Experiment, entry: Entry, config: RunConfig) -> Run:
    """Raises ConfigInvalid."""
    wanted = entry.form.cleaned_data
    run = services.submit_run(
        request.user,
        experiment,
        wanted["name"] or suggest_name(experiment, entry.recipe, entry.source),
        entry.recipe,
        config.model_dump(mode="json"),
        cloned_from=entry.source,
        priority=wanted["priority"],
        num_gpus=wanted["num_gpus"],
        picked=picking.picked_versions(request.user, experiment.team_id, request.POST),
    )
    try_if_wanted(request.user, run, wanted["try_first"])
    return run


def _with_pick(request: HttpRequest, experiment: Experiment, entry: Entry) -> Entry:
    """With what was picked from the team's catalogue in its place."""
    if entry.is_unreadable:
        return entry
    return entry.with_texts(picking.filled(request.user, experiment.team_id, request.POST, entry.texts))


def _judged(experiment: Experiment, entry: Entry) -> tuple[Entry, RunConfig | None]:
    """With what is wrong with the configuration, and with how many GPUs are asked for."""
    entry, config = entry.judged()
    if config is not None and "num_gpus" in entry.form.cleaned_data:
        data = config.model_dump(mode="json")
        for refusal in targets.refusals(experiment.team, entry.form.cleaned_data["num_gpus"], data):
            entry.form.add_error("num_gpus", refusal)
    return entry, config


def _context(experiment: Experiment, entry: Entry) -> dict:
    return {
        "experiment": experiment,
        "entry": entry,
        "form": entry.form,
        "config": entry.config,
        "recipe": find_recipe(entry.recipe),
        "cautions": targets.cautions(entry.form.cleaned_data.get("num_gpus", 1)),
        "hours": _hours(experiment, entry),
        "suggested_name": suggest_name(experiment, entry.recipe, entry.source),
    }


def _hours(experiment: Experiment, entry: Entry) -> float | None:
    """About how long the run takes; None where that is not known, or the form is not right yet."""
    try:
        config = RunConfig.model_validate(data_of(entry.texts))
    except ValidationError:
        return None
    speed = measured_speed(experiment.team, config)
    return speed and speed.hours(num_passes(config), entry.form.cleaned_data.get("num_gpus", 1))


def _run_to_copy(request: HttpRequest) -> Run | None:
    wanted = request.GET.get("like")
    if not wanted:
        return None
    return get_object_or_404(selectors.visible_runs(request.user), id=selectors.parse_run_id(wanted))
