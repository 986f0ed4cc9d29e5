"""From the form of a new run to a sweep: told while it is typed, reviewed as a page, submitted."""

import uuid
from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from catalog import picking
from runs.config_errors import ConfigInvalid
from runs.models import Experiment
from runs.run_form_views import experiment_to_write, render_entry
from runs.selectors import parse_run_id
from sweeps import services
from sweeps.submissions import Submission, read_submission


@require_POST
def sweep_preview(request: HttpRequest, experiment_id: int) -> HttpResponse:
    """What the sweep in the form will be, for the form to show."""
    experiment = experiment_to_write(request, experiment_id)
    submission = read_submission(request.user, experiment.team, request.POST)
    context = {"plan": submission.plan, "messages": submission.messages if submission.is_asked_for else ()}
    return render(request, "sweeps/_preview.html", context)


@require_POST
def sweep_review(request: HttpRequest, experiment_id: int) -> HttpResponse:
    """Every run of the sweep, its hours, and what cannot run, before anything is queued."""
    experiment = experiment_to_write(request, experiment_id)
    submission = read_submission(request.user, experiment.team, request.POST)
    if submission.plan is None:
        return _back_to_form(request, experiment, submission)
    return _review(request, experiment, submission, uuid.uuid4())


@require_POST
def sweep_new(request: HttpRequest, experiment_id: int) -> HttpResponse:
    """Queue the sweep that was reviewed. What is sent from one page twice is one sweep."""
    experiment = experiment_to_write(request, experiment_id)
    submission = read_submission(request.user, experiment.team, request.POST)
    if submission.plan is None:
        return _back_to_form(request, experiment, submission)
    token = parse_run_id(request.POST.get("token", "")) or uuid.uuid4()
    if submission.plan.invalid:
        return _review(request, experiment, submission, token, status=422)
    entry, plan = submission.entry, submission.plan
    try:
        sweep = services.make_sweep(
            request.user,
            experiment,
            entry.form.cleaned_data["name"] or _suggested_name(experiment),
            entry.recipe,
            submission.data,
            plan.axes,
            plan.seeds,
            priority=entry.form.cleaned_data["priority"],
            num_gpus=entry.form.cleaned_data["num_gpus"],
            cloned_from=entry.source,
            token=token,
            tries_first=submission.tries_first,
            picked=picking.picked_versions(request.user, experiment.team_id, request.POST),
        )
    except ConfigInvalid as invalid:
        return render_entry(request, experiment, replace(entry, errors=invalid.errors), status=422)
    return redirect("sweep", sweep.id)


def _back_to_form(request: HttpRequest, experiment: Experiment, submission: Submission) -> HttpResponse:
    for message in submission.messages:
        submission.entry.form.add_error("axes", message)
    return render_entry(request, experiment, submission.entry, status=422)


def _review(
    request: HttpRequest, experiment: Experiment, submission: Submission, token: uuid.UUID, status: int = 200
) -> HttpResponse:
    # What the form sent goes along, so that it can be sent once more or be changed.
    sent = [(name, value) for name, values in request.POST.lists() for value in values if name not in NOT_SENT_ALONG]
    context = {
        "experiment": experiment,
        "plan": submission.plan,
        "name": submission.entry.form.cleaned_data["name"] or _suggested_name(experiment),
        "sent": sent,
        "tries_first": submission.tries_first,
        "token": token,
    }
    return render(request, "sweeps/review.html", context, status=status)


NOT_SENT_ALONG = ("csrfmiddlewaretoken", "token", "view", "add", "remove", "reset", "restore", "fill")


def _suggested_name(experiment: Experiment) -> str:
    return f"Sweep {experiment.sweeps.count() + 1}"
