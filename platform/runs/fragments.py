"""The parts of a run's page that move, asked for every few seconds while the run is live and not after.

Each answer reads the run's state before anything else: a part that says "ended" holds everything the run wrote.
"""

import hashlib
import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET

from runs import selectors
from runs.between_attempts import resumable_checkpoint, seconds_worked
from runs.continuing import caution_about_schedule
from runs.genealogy import checkpoints_with_continuations, offspring_of
from runs.lifecycle import RESUMABLE
from runs.models import Priority, Run, RunState
from runs.results import score_rows
from teams.models import User
from teams.selectors import may_write

LOG_LINES = 400


@require_GET
def run_status(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    run = get_object_or_404(selectors.visible_runs(request.user), id=run_id)
    return render(request, "runs/_status.html", status_context(request.user, run))


@require_GET
def run_results(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """Evaluations, checkpoints and attempts; 204 where the page shows them already (`?shown=` is their digest)."""
    run = get_object_or_404(selectors.visible_runs(request.user), id=run_id)
    context = results_context(request.user, run)
    if context["digest"] == request.GET.get("shown"):
        return HttpResponse(status=204)
    return render(request, "runs/_results.html", context)


@require_GET
def run_log(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """Lines after the cursor `?after=`; 204 where there are none and more may come."""
    run = get_object_or_404(selectors.visible_runs(request.user), id=run_id)
    after = request.GET.get("after", "0")
    context = log_context(request.user, run, int(after) if after.isdecimal() else 0)
    if run.is_live and not context["lines"]:
        return HttpResponse(status=204)
    return render(request, "runs/_log.html", context)


def status_context(user: User, run: Run) -> dict:
    context = {"run": run, "may_write": may_write(user, run.experiment.team_id)}
    if run.attempts_forgiven:
        # Between its attempts it lay still until somebody resumed it.
        context["seconds_worked"] = seconds_worked(user, run)
    if run.state == RunState.QUEUED:
        context["priorities"] = Priority.choices
    if run.state in RESUMABLE:
        context["resume_point"] = resumable_checkpoint(user, run)
    if run.state == RunState.FINISHED:
        context |= {"more_iterations": 2 * run.total_iterations, "caution": caution_about_schedule(run.config)}
    return context


def results_context(user: User, run: Run) -> dict:
    context = {
        "run": run,
        "scores": score_rows(selectors.visible_evaluations(user).filter(run=run)),
        "checkpoints": list(checkpoints_with_continuations(user, run)),
        "attempts": list(selectors.visible_attempts(user).filter(run=run)),
        "offspring": offspring_of(user, run),
        "may_write": may_write(user, run.experiment.team_id),
    }
    text = render_to_string("runs/_results_body.html", context)
    return {**context, "digest": hashlib.sha256(f"{run.is_live}{text}".encode()).hexdigest()[:16], "results": text}


def log_context(user: User, run: Run, after: int | None = None) -> dict:
    """The newest lines, or with a cursor the next ones after it."""
    log = selectors.visible_log(user).filter(run=run)
    if after is None:
        lines = list(reversed(log.order_by("-id")[:LOG_LINES]))
    else:
        lines = list(log.filter(id__gt=after).order_by("id")[:LOG_LINES])
    cursor = lines[-1].id if lines else after or 0
    return {"run": run, "lines": lines, "cursor": cursor, "more_waits": after is not None and len(lines) == LOG_LINES}
