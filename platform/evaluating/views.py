"""The page of an evaluation, while it works and afterwards."""

import csv
import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from evaluating.picture import picture_of
from evaluating.results import lines_of, result_of
from evaluating.selectors import visible_evaluations
from jobs import services
from jobs.models import Job, JobState
from jobs.waiting import why_it_waits
from teams.selectors import may_write


@require_GET
def evaluation(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """`?score=` is what the picture shows."""
    return render(request, "evaluating/evaluation.html", _context(request, _find(request, job_id)))


@require_GET
def evaluation_status(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """The part of the page that moves, asked for while the job lives."""
    return render(request, "evaluating/_evaluation.html", _context(request, _find(request, job_id)))


@require_POST
def evaluation_go_on(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """Have one that failed or was cancelled do what is left."""
    job = _find(request, job_id)
    try:
        services.go_on(request.user, job)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("evaluation", job.id)


@require_GET
def evaluation_csv(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    job = _find(request, job_id)
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="evaluation-{job.id}.csv"'},
    )
    csv.writer(response).writerows(lines_of(result_of(job)))
    return response


def _find(request: HttpRequest, job_id: uuid.UUID) -> Job:
    return get_object_or_404(visible_evaluations(request.user), id=job_id)


def _context(request: HttpRequest, job: Job) -> dict:
    result = result_of(job)
    return {
        "job": job,
        "may_write": may_write(request.user, job.team_id),
        "why": why_it_waits(job) if job.state == JobState.QUEUED else "",
        "log": job.result.get("log", []),
        "result": result,
        "picture": picture_of(result, request.GET.get("score")),
        "config": job.payload["config"],
        "num_seeds": len(job.payload["seeds"]),
    }
