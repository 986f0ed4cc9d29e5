"""The page of a run."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from runs import selectors, services
from runs.config_texts import as_yaml
from runs.fragments import log_context, results_context, status_context
from runs.genealogy import origin_of
from runs.plans import plan_of


@require_GET
def run_page(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    run = get_object_or_404(selectors.visible_runs(request.user), id=run_id)
    context = {
        "origin": origin_of(request.user, run),
        "configuration": as_yaml(run.config),
        "plan": plan_of(run.config),
        **status_context(request.user, run),
        **results_context(request.user, run),
        **log_context(request.user, run),
    }
    return render(request, "runs/run.html", context)


@require_POST
def run_cancel(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    run = get_object_or_404(selectors.visible_runs(request.user), id=run_id)
    services.cancel_run(request.user, run)
    if request.htmx:
        run.refresh_from_db()
        return render(request, "runs/_status.html", status_context(request.user, run))
    return redirect(reverse("run", args=[run_id]))
