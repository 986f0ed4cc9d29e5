"""The list of runs: across experiments, and what is done to those that are ticked."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from comparing.links import address_of_runs
from runs import selectors, upkeep
from runs.describe_forms import DescribeForm, values_of
from runs.filters import config_paths
from runs.filters.fields import FIELDS
from runs.lists.choices import column_choices, settings_datalist
from runs.lists.question import Question
from runs.lists.read import Scope, default_columns, read_runs
from runs.models import Run, RunState
from runs.panel_views import MAX_RUNS
from runs.run_picker import address_of_curves
from runs.services import require_writer
from teams.selectors import teams_written_by

MOST_TICKED = 1000
EVERY = {True: "15s", False: "5s"}


@require_GET
def run_list(request: HttpRequest) -> HttpResponse:
    """All runs of the person's teams."""
    context = list_context(request, Scope(request.user))
    context["may_write"] = teams_written_by(request.user).exists()
    return render(request, "runs/run_list.html", context)


@require_GET
def run_table(request: HttpRequest) -> HttpResponse:
    """The table alone, for the page to refresh."""
    return render(request, "runs/_run_table.html", table_context(request, Scope(request.user)))


@require_POST
def runs_bulk(request: HttpRequest) -> HttpResponse:
    """Do something to the ticked runs, then back to where they were ticked."""
    ticked = [selectors.parse_run_id(text) for text in request.POST.getlist("run")[:MOST_TICKED]]
    runs = upkeep.chosen_runs(request.user, ticked)
    deed = request.POST.get("deed", "")
    back = _way_back(request)
    if not runs:
        messages.info(request, "No run is ticked: tick some in the table, then choose what to do.")
        return redirect(back)
    if deed == "compare":
        return _compare(request, runs)
    if deed == "compare-pictures":
        return redirect(address_of_runs(runs))
    try:
        messages.info(request, _do(request, deed, runs))
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect(back)


@require_http_methods(["GET", "POST"])
def run_describe(request: HttpRequest, run_id) -> HttpResponse:
    """Name, tags and notes of a run."""
    run = get_object_or_404(selectors.visible_runs(request.user), id=run_id)
    require_writer(request.user, run.experiment.team_id)
    form = DescribeForm(request.POST or None, initial=values_of(run))
    if request.method == "POST" and form.is_valid():
        upkeep.describe_run(request.user, run, form.said)
        return redirect("run", run.id)
    return render(request, "runs/run_describe.html", {"run": run, "form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def run_rename(request: HttpRequest, run_id) -> HttpResponse:
    """A run's name in a list: as a form (GET), and as it is afterwards."""
    run = get_object_or_404(selectors.visible_runs(request.user), id=run_id)
    require_writer(request.user, run.experiment.team_id)
    values = values_of(run)
    form = DescribeForm(values | {"name": request.POST.get("name", "")} if request.method == "POST" else None)
    if request.method == "GET" or not form.is_valid():
        context = {"run": run, "name": request.POST.get("name", run.name), "form": form}
        return render(request, "runs/list/rename.html", context, status=422 if request.method == "POST" else 200)
    upkeep.describe_run(request.user, run, form.said)
    run.refresh_from_db()
    return render(request, "runs/list/name.html", {"run": run, "may_rename": True})


def list_context(request: HttpRequest, scope: Scope) -> dict:
    """The table, and what there is to choose from around it."""
    question = Question.of(request.GET)
    knowledge = scope.knowledge(question)
    columns = default_columns(scope, knowledge)
    context = _table_context(request, scope, question, columns)
    return context | {
        "knowledge": knowledge,
        "choices": column_choices(knowledge, context["list"].shown),
        "settings_datalist": settings_datalist(),
        "states": RunState.values,
        "fields": FIELDS,
        "filter_words": [*FIELDS, "score", "best", *knowledge.metrics, *knowledge.scores, *config_paths.all_paths()],
        "num_archived": scope.num_archived,
    }


def table_context(request: HttpRequest, scope: Scope) -> dict:
    """The table alone; its columns stand in the address."""
    question = Question.of(request.GET)
    columns = [] if question.columns else default_columns(scope, scope.knowledge(question))
    return _table_context(request, scope, question, columns)


def _table_context(request: HttpRequest, scope: Scope, question: Question, columns: list[str]) -> dict:
    return {
        "list": read_runs(scope, question, columns),
        "experiment": scope.experiment,
        "written_teams": set(teams_written_by(request.user).values_list("id", flat=True)),
        # What asks more of the database is asked less often.
        "every": EVERY[question.is_narrowed],
    }


def _do(request: HttpRequest, deed: str, runs: list[Run]) -> str:
    """What was done, in a sentence. Raises PermissionDenied, and ValidationError for what cannot be done."""
    user, tag = request.user, request.POST.get("tag", "")
    match deed:
        case "archive":
            num, done = upkeep.archive_runs(user, runs), "archived"
            left = " Live runs stay: cancel them first." if any(run.is_live for run in runs) else ""
            return f"{_count(num)} {done}.{left}"
        case "unarchive":
            return f"{_count(upkeep.unarchive_runs(user, runs))} brought back."
        case "cancel":
            return f"{_count(upkeep.cancel_runs(user, runs))} asked to stop. What they have produced stays."
        case "tag":
            return f"{_count(upkeep.tag_runs(user, runs, tag))} tagged “{upkeep.parse_tag(tag)}”."
        case "untag":
            return f"{_count(upkeep.untag_runs(user, runs, tag))} no longer tagged “{upkeep.parse_tag(tag)}”."
        case "move":
            target = request.POST.get("experiment", "")
            return f"{_count(upkeep.move_runs(user, runs, target))} moved to “{target.strip()}”."
    raise ValidationError(f"“{deed[:40]}” is nothing that can be done to runs: press one of the buttons.")


def _compare(request: HttpRequest, runs: list[Run]) -> HttpResponse:
    if len(runs) > MAX_RUNS:
        messages.info(request, f"The panel overlays at most {MAX_RUNS} runs: these are the newest of {len(runs)}.")
    return redirect(address_of_curves(run.id for run in runs[:MAX_RUNS]))


def _way_back(request: HttpRequest) -> str:
    """The page that the form stood on; nothing that leads to another site."""
    back = request.POST.get("back", "")
    return back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else "/runs/"


def _count(num: int) -> str:
    return "1 run" if num == 1 else f"{num} runs"
