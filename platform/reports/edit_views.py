"""The pages of reports that change them, and what their editor asks for while one types."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from reports import services
from reports.forms import LONGEST_BODY, NewReportForm, ReportEditForm, ReportForm
from reports.kinds import KINDS
from reports.models import Report
from reports.picking import MOST_RUNS, block_of, runs_offered
from reports.pieces import problems_of
from reports.places import OnTheSite
from reports.scope import Scope
from reports.services import Conflict
from reports.showing import show_report
from reports.views import visible_report
from runs.selectors import parse_run_id
from runs.services import require_team_to_write, require_writer
from teams.models import Team
from teams.selectors import teams_written_by

AS_COPY = "copy"


@require_http_methods(["GET", "POST"])
def report_new(request: HttpRequest) -> HttpResponse:
    require_team_to_write(request.user)
    team = _first_team(request)
    if request.method == "GET":
        return _render(request, NewReportForm(user=request.user, initial={"team": team}), team)
    form = NewReportForm(request.POST, user=request.user)
    if form.is_valid():
        asked = form.cleaned_data
        report = services.create_report(request.user, asked["team"], asked["title"], asked["body"])
        return redirect("report", report.id)
    return _render(request, form, team, status=422)


@require_http_methods(["GET", "POST"])
def report_edit(request: HttpRequest, report_id: int) -> HttpResponse:
    """Saves what was written over the version that was read, or shows both where that is no longer the last."""
    report = visible_report(request, report_id)
    require_writer(request.user, report.team_id)
    if request.method == "GET":
        read = {"title": report.title, "body": report.body, "version": report.version}
        return _render(request, ReportEditForm(initial=read), report.team, report)
    form = ReportEditForm(request.POST)
    if not form.is_valid():
        return _render(request, form, report.team, report, status=422)
    asked = form.cleaned_data
    if request.POST.get("as") == AS_COPY:
        return redirect("report", services.save_as_copy(request.user, report, asked["title"], asked["body"]).id)
    try:
        services.save_report(request.user, report, asked["version"], asked["title"], asked["body"])
    except Conflict as conflict:
        return _render_conflict(request, form, conflict.report)
    return redirect("report", report.id)


@require_POST
def report_delete(request: HttpRequest, report_id: int) -> HttpResponse:
    report = visible_report(request, report_id)
    services.delete_report(request.user, report)
    messages.info(request, f"The report “{report.title}” is deleted.")
    return redirect("reports")


@require_POST
def report_check(request: HttpRequest) -> HttpResponse:
    """What is wrong with the panels in the editor."""
    team = _team(request, request.POST.get("team", ""))
    return render(request, "reports/_check.html", {"problems": problems_of(Scope(team.id), _body(request))})


@require_POST
def report_preview(request: HttpRequest) -> HttpResponse:
    team = _team(request, request.POST.get("team", ""))
    pieces = show_report(Scope(team.id), _body(request), OnTheSite())
    return render(request, "reports/_preview.html", {"pieces": pieces})


@require_GET
def report_runs(request: HttpRequest) -> HttpResponse:
    """The runs that the editor offers; `?find=` is a part of their names."""
    team = _team(request, request.GET.get("team", ""))
    runs = runs_offered(request.user, team, request.GET.get("find", "").replace("\0", "").strip()[:120])
    return render(request, "reports/_runs.html", {"runs": runs})


@require_GET
def report_block(request: HttpRequest) -> HttpResponse:
    """The text of a panel of this `kind` with each `run`."""
    team = _team(request, request.GET.get("team", ""))
    kind = request.GET.get("kind", "")
    if kind not in KINDS:
        return HttpResponse(f"kind = {kind[:40]}: give one of {', '.join(KINDS)}.", status=400)
    ids = [run_id for text in request.GET.getlist("run")[: max(MOST_RUNS.values())] if (run_id := parse_run_id(text))]
    return HttpResponse(block_of(Scope(team.id), kind, ids), content_type="text/plain; charset=utf-8")


def _render(
    request: HttpRequest, form: ReportForm, team: Team | None, report: Report | None = None, status: int = 200
) -> HttpResponse:
    body = form["body"].value() or ""
    context = {
        "form": form,
        "team": team,
        "report": report,
        "kinds": KINDS.values(),
        "problems": problems_of(Scope(team.id), body[:LONGEST_BODY]) if team else [],
        "runs": runs_offered(request.user, team, "") if team else [],
    }
    return render(request, "reports/edit.html", context, status=status)


def _render_conflict(request: HttpRequest, form: ReportEditForm, now: Report) -> HttpResponse:
    """The person's text in the editor, and beside it what somebody else has saved meanwhile. The next time they save
    they have seen it."""
    mine = {"title": form.cleaned_data["title"], "body": form.cleaned_data["body"], "version": now.version}
    context = {
        "form": ReportEditForm(initial=mine),
        "team": now.team,
        "report": now,
        "theirs": now,
        "kinds": KINDS.values(),
        "problems": problems_of(Scope(now.team_id), mine["body"]),
        "runs": runs_offered(request.user, now.team, ""),
    }
    return render(request, "reports/edit.html", context, status=409)


def _first_team(request: HttpRequest) -> Team | None:
    """The team of a new report: the one that was asked for, or the first by name."""
    teams = teams_written_by(request.user)
    wanted = request.POST.get("team") or request.GET.get("team", "")
    named = teams.filter(id=int(wanted)).first() if _is_id(wanted) else None
    return named or teams.first()


def _team(request: HttpRequest, wanted: str) -> Team:
    """Raises PermissionDenied for people who write to no team, Http404 for a team that they do not write to."""
    require_team_to_write(request.user)
    return get_object_or_404(teams_written_by(request.user), id=int(wanted) if _is_id(wanted) else 0)


def _body(request: HttpRequest) -> str:
    return request.POST.get("body", "")[:LONGEST_BODY].replace("\r\n", "\n").replace("\0", "")


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
