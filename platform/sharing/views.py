"""The pages on which a team makes links, sees how often they were opened, and takes them back."""

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from comparing.selectors import visible_comparisons
from reports.selectors import visible_reports
from runs.selectors import visible_runs
from runs.services import require_writer
from sharing import selectors, services
from sharing.forms import ShareForm
from sharing.subjects import Subject, address_of, key_of, team_of
from teams.selectors import is_owner
from teams.views import visible_team


@never_cache
@require_http_methods(["GET", "POST"])
def run_share(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    run = get_object_or_404(visible_runs(request.user), id=run_id)
    return _share(request, run)


@never_cache
@require_http_methods(["GET", "POST"])
def report_share(request: HttpRequest, report_id: int) -> HttpResponse:
    report = get_object_or_404(visible_reports(request.user), id=report_id)
    return _share(request, report)


@never_cache
@require_http_methods(["GET", "POST"])
def comparison_share(request: HttpRequest, comparison_id: int) -> HttpResponse:
    return _share(request, get_object_or_404(visible_comparisons(request.user), id=comparison_id))


@require_GET
def team_shares(request: HttpRequest, team_id: int) -> HttpResponse:
    """The team's links, newest first; `?before=` is the last one of the page before."""
    team = visible_team(request, team_id)
    require_writer(request.user, team.id)
    before = request.GET.get("before", "")
    links = selectors.links_of(request.user, team)
    if before.isascii() and before.isdigit() and len(before) < 19:
        links = links.filter(id__lt=int(before))
    found = list(links[: selectors.PAGE_SIZE + 1])
    page = found[: selectors.PAGE_SIZE]
    context = {
        "team": team,
        "links": page,
        "older": page[-1].id if len(found) > len(page) else None,
        "before": before,
        "is_off": selectors.is_switched_off(team),
        "is_owner": is_owner(request.user, team.id),
    }
    return render(request, "sharing/team.html", context)


@require_POST
def share_revoke(request: HttpRequest, team_id: int, link_id: int) -> HttpResponse:
    team = visible_team(request, team_id)
    require_writer(request.user, team.id)
    services.revoke(request.user, get_object_or_404(selectors.links_of(request.user, team), id=link_id))
    messages.info(request, "The link opens nothing any more.")
    return redirect("team_shares", team_id)


@require_POST
def sharing_switch(request: HttpRequest, team_id: int) -> HttpResponse:
    """Sharing on with `on=1`, off with `on=0`."""
    services.switch(request.user, visible_team(request, team_id), request.POST.get("on") == "1")
    return redirect("team_shares", team_id)


def _share(request: HttpRequest, subject: Subject) -> HttpResponse:
    """The form, and after it was sent the link, which is shown this once."""
    team = team_of(subject)
    require_writer(request.user, team.id)
    form = ShareForm(request.POST or None)
    address = ""
    if request.method == "POST" and form.is_valid():
        try:
            made = services.share(request.user, subject, form.cleaned_data["num_days"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            address = request.build_absolute_uri(reverse("share", args=[made.text]))
    context = {
        "subject": subject,
        "kind": next(iter(key_of(subject))),
        "team": team,
        "back": address_of(subject),
        "form": form,
        "address": address,
        "links": selectors.open_links_to(request.user, subject)[: selectors.PAGE_SIZE],
        "is_off": selectors.is_switched_off(team),
    }
    return render(request, "sharing/share.html", context, status=422 if form.errors else 200)
