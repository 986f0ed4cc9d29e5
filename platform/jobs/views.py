"""The pages of jobs that are there."""

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from jobs import selectors, services
from jobs.models import Job, JobState, Kind
from jobs.results import TOTAL, dry_run_of, phases_of
from jobs.waiting import why_it_waits
from runs import media, stored_files
from runs.panel_views import fetched, picture_response
from teams.selectors import may_write, teams_of


@require_GET
def job_list(request: HttpRequest) -> HttpResponse:
    """The jobs of the person's teams, newest first; `?before=` is the last id of the page before."""
    before = _id(request.GET.get("before", ""))
    jobs, has_more = selectors.jobs_page(request.user, before)
    context = {"jobs": jobs, "next": jobs[-1].id if has_more else None, "is_later": before is not None}
    return render(request, "jobs/job_list.html", context | {"has_team": teams_of(request.user).exists()})


@require_GET
def job_page(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    job = get_object_or_404(selectors.visible_jobs(request.user), id=job_id)
    if job.kind == Kind.EVALUATE:
        return redirect("evaluation", job.id)
    return render(request, "jobs/job.html", _context(request, job))


@require_GET
def run_first_step(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """To the job that tried the run's first step."""
    job = selectors.preflight_of(request.user, run_id)
    if job is None:
        raise Http404("No first step of this run was tried.")
    return redirect("job", job.id)


@require_GET
def job_status(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """The part of the page that moves, asked for every second while the job lives."""
    job = get_object_or_404(selectors.visible_jobs(request.user), id=job_id)
    return render(request, "jobs/_job.html", _context(request, job))


@require_POST
def job_cancel(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    job = get_object_or_404(selectors.visible_jobs(request.user), id=job_id)
    services.cancel(request.user, job)
    return redirect("job", job.id)


@require_POST
def job_again(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    job = get_object_or_404(selectors.visible_jobs(request.user), id=job_id)
    try:
        return redirect("job", services.again(request.user, job).id)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("job", job.id)


@fetched
def job_picture(request: HttpRequest, job_id: uuid.UUID, index: int) -> HttpResponse:
    name = _find_picture(request, job_id, index)
    return picture_response(request, f'"{name}"', lambda: media.read_stored(name))


@fetched
def job_thumbnail(request: HttpRequest, job_id: uuid.UUID, index: int) -> HttpResponse:
    name = _find_picture(request, job_id, index)
    small = f"thumbnails/{name.rpartition('.')[0]}.webp"

    def read() -> media.Picture:
        return media.read_small(small, lambda: media.read_stored(name))

    return picture_response(request, f'"small {name}"', read)


def _find_picture(request: HttpRequest, job_id: uuid.UUID, index: int) -> str:
    """The picture's name in the storage, which what an engine wrote cannot lead out of its job's folder."""
    job = get_object_or_404(selectors.visible_jobs(request.user), id=job_id)
    sample = next((sample for sample in selectors.samples_of(job) if sample.index == index), None)
    if sample is None:
        raise Http404("This job has no such picture.")
    try:
        return stored_files.inside(job.attempt_folder, sample.path)
    except stored_files.OutsideRunFolder as error:
        raise Http404("This job has no such picture.") from error


def _context(request: HttpRequest, job: Job) -> dict:
    context = {"job": job, "may_write": may_write(request.user, job.team_id), "log": job.result.get("log", [])}
    if job.state == JobState.QUEUED:
        context["why"] = why_it_waits(job)
    if job.kind == Kind.SCORE:
        return context | {"dry_run": dry_run_of(job, request.GET.get("sort", TOTAL))}
    tried = selectors.tried_of(job)
    return context | {"tried": tried, "phases": phases_of(tried) if tried else []}


def _id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
