"""What people do to a run from its page: stop, resume, give it more iterations, go on from a checkpoint."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from runs import selectors, services
from runs.config_errors import ConfigInvalid
from runs.continue_forms import CheckpointForm, MoreIterationsForm
from runs.continuing import NotPossible, caution_about_schedule
from runs.fragments import status_context
from runs.models import Priority, Run


@require_POST
def run_stop(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    run = _run(request, run_id)
    return _answer(request, run, lambda: services.stop_run(request.user, run))


@require_POST
def run_resume(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    run = _run(request, run_id)
    return _answer(request, run, lambda: services.resume_run(request.user, run))


@require_POST
def run_priority(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """`priority`: its number, as the buttons of a run that waits send it."""
    run = _run(request, run_id)
    services.require_writer(request.user, run.experiment.team_id)
    wanted = {str(priority.value): priority for priority in Priority}.get(request.POST.get("priority"))
    if wanted is None:
        return _refuse(request, run, "There is no such priority: choose low, normal or high.")
    return _answer(request, run, lambda: services.set_priority(request.user, run, wanted))


@require_POST
def run_continue(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    run = _run(request, run_id)
    services.require_writer(request.user, run.experiment.team_id)
    form = MoreIterationsForm(request.POST)
    if not form.is_valid():
        return _refuse(request, run, " ".join(form.errors["iterations"]))
    return _answer(request, run, lambda: services.continue_run(request.user, run, form.cleaned_data["iterations"]))


@require_http_methods(["GET", "POST"])
def checkpoint_continue(request: HttpRequest, checkpoint_id: int) -> HttpResponse:
    """A new run from a checkpoint, with what is to be different."""
    checkpoint = get_object_or_404(selectors.visible_checkpoints(request.user), id=checkpoint_id)
    services.require_writer(request.user, checkpoint.run.experiment.team_id)
    form = CheckpointForm(request.POST or None, user=request.user, checkpoint=checkpoint)
    if request.method == "POST" and form.is_valid():
        try:
            data = form.cleaned_data
            new = services.continue_from(request.user, checkpoint, data["experiment"], data["name"], form.config)
            return redirect("run", new.id)
        except ConfigInvalid as invalid:
            for path, messages in invalid.errors.items():
                field = path if path == "iterations" else "changes"
                form.add_error(field, [message if field == path else f"{path}: {message}" for message in messages])
        except NotPossible as reason:
            form.add_error(None, str(reason))
    context = {
        "form": form,
        "checkpoint": checkpoint,
        "run": checkpoint.run,
        "caution": caution_about_schedule(checkpoint.run.config),
    }
    return render(request, "runs/checkpoint_continue.html", context, status=422 if form.errors else 200)


def _run(request: HttpRequest, run_id: uuid.UUID) -> Run:
    return get_object_or_404(selectors.visible_runs(request.user), id=run_id)


def _answer(request: HttpRequest, run: Run, deed) -> HttpResponse:
    """The run's new standing for the page that is open; a whole page where all of it is to move again."""
    try:
        deed()
    except ConfigInvalid as invalid:
        return _refuse(request, run, str(invalid))
    except NotPossible as reason:
        return _refuse(request, run, str(reason))
    if not request.htmx:
        return redirect("run", run.id)
    run.refresh_from_db()
    return render(request, "runs/_status.html", status_context(request.user, run))


def _refuse(request: HttpRequest, run: Run, words: str) -> HttpResponse:
    return render(request, "runs/refused.html", {"run": run, "words": words}, status=422)
