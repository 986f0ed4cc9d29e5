"""The pages of reports that are read."""

from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET

from reports import selectors
from reports.models import Report
from reports.places import OnTheSite
from reports.showing import show_panel, show_report
from teams.selectors import may_write, teams_written_by


@require_GET
def report_list(request: HttpRequest) -> HttpResponse:
    """The reports of the person's teams, last changed first; `?before=` is the last one of the page before."""
    before = request.GET.get("before", "")
    found = list(selectors.reports_before(request.user, _place(before))[: selectors.PAGE_SIZE + 1])
    page = found[: selectors.PAGE_SIZE]
    context = {
        "reports": page,
        "older": _name(page[-1]) if len(found) > len(page) else "",
        "before": before,
        "may_write": teams_written_by(request.user).exists(),
    }
    return render(request, "reports/report_list.html", context)


@require_GET
def report_page(request: HttpRequest, report_id: int) -> HttpResponse:
    report = visible_report(request, report_id)
    context = {
        "report": report,
        "pieces": show_report(selectors.scope_of(report), report.body, OnTheSite()),
        "panels_at": reverse("report_panel", args=[report.id, 0]).removesuffix("0/"),
        "may_write": may_write(request.user, report.team_id),
    }
    return render(request, "reports/report.html", context)


@require_GET
def report_panel(request: HttpRequest, report_id: int, number: int) -> HttpResponse:
    """A panel as it is now; 204 where the page shows it so (`?shown=` is its digest).

    Where the report has changed since (`?version=`), the page is to be read anew.
    """
    report = visible_report(request, report_id)
    if request.GET.get("version", str(report.version)) != str(report.version):
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    shown = show_panel(selectors.scope_of(report), report.body, number, OnTheSite())
    if shown is None:
        raise Http404(f"The report has no panel {number}.")
    if shown.digest == request.GET.get("shown"):
        return HttpResponse(status=204)
    at = reverse("report_panel", args=[report.id, 0]).removesuffix("0/")
    return render(request, "reports/_panel.html", {"piece": shown, "report": report, "panels_at": at})


def visible_report(request: HttpRequest, report_id: int) -> Report:
    return get_object_or_404(selectors.visible_reports(request.user), id=report_id)


def _name(report: Report) -> str:
    """Where a page of the list ends, for an address."""
    return f"{report.updated_at.isoformat().replace('+00:00', 'Z')}_{report.id}"


def _place(name: str) -> tuple[datetime, int] | None:
    moment, _, report_id = name.partition("_")
    try:
        found = parse_datetime(moment)
    except ValueError:
        return None
    is_id = report_id.isascii() and report_id.isdigit() and len(report_id) < 19
    return (found, int(report_id)) if found and found.tzinfo and is_id else None
