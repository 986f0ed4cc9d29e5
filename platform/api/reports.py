"""Reports: what a team writes about its runs, read, written and taken home."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Self

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Router, Schema
from ninja.responses import Status
from pydantic import AfterValidator, Field

from api.experiments import team_to_write
from api.idempotency import once
from api.inputs import Text
from api.paging import Order, PageOf, read_page
from api.problems import Problem, Refused
from reports import export_views, services
from reports.forms import LONGEST_BODY
from reports.models import Report
from reports.pieces import problems_of
from reports.selectors import scope_of, visible_reports
from runs.services import require_team_to_write, require_writer

router = Router(tags=["Reports"])

LAST_CHANGED_FIRST = Order(("updated_at", "id"), is_descending=True)


def _titled(text: str) -> str:
    if not text.strip():
        raise ValueError("it is empty: give the report a title")
    return text.strip()


def _one_kind_of_line_end(text: str) -> str:
    return text.replace("\r\n", "\n")


Title = Annotated[
    Text, Field(max_length=Report._meta.get_field("title").max_length), AfterValidator(_titled)
]  # fmt: skip
Body = Annotated[
    Text,
    Field(max_length=LONGEST_BODY, description="Markdown with panels: docs/reports.md."),
    AfterValidator(_one_kind_of_line_end),
]


class NewReport(Schema, extra="forbid"):
    title: Title
    body: Body = ""
    team: Annotated[Text, Field(description="Its slug; not needed where you write to one team only.")] = ""


class Change(Schema, extra="forbid"):
    """What is left out stays as it is."""

    version: Annotated[
        int, Field(ge=1, description="The one that was read: nobody overwrites what they have not seen.")
    ]
    title: Title | None = None
    body: Body | None = None


class ReportOut(Schema):
    id: int
    title: str
    team: str
    version: int
    created_at: datetime
    updated_at: datetime
    updated_by: str | None
    page: str
    html: str
    pdf: str

    @classmethod
    def of(cls, report: Report, **more) -> Self:
        same = ("id", "title", "version", "created_at", "updated_at")
        return cls(
            **{name: getattr(report, name) for name in same},
            team=report.team.slug,
            updated_by=report.updated_by and report.updated_by.email,
            page=reverse("report", args=[report.id]),
            html=reverse("api-1:report_html", args=[report.id]),
            pdf=reverse("api-1:report_pdf", args=[report.id]),
            **more,
        )


class ReportPage(Schema):
    items: list[ReportOut]
    next: str | None


class PanelProblem(Schema):
    """What is wrong in a line of a panel."""

    line: int
    key: str
    value: str
    message: str


class ReportDetail(ReportOut):
    """`problems` of panels that do not read, or that name what the team does not have: a report may have some."""

    body: str
    problems: list[PanelProblem]


@router.get("/reports", response=ReportPage)
def reports(request: HttpRequest, page: PageOf, team: Text = ""):
    """The reports of your teams, last changed first; of one `team` (its slug)."""
    rows = visible_reports(request.user).defer("body")
    if team:
        rows = rows.filter(team__slug=team)
    found, following = read_page(rows, LAST_CHANGED_FIRST, page)
    return ReportPage(items=[ReportOut.of(one) for one in found], next=following)


@router.post("/reports", response={201: ReportDetail})
@once
def write_report(request: HttpRequest, body: NewReport):
    """Write a report. What does not fit in its panels is told in `problems`; it is written all the same."""
    require_team_to_write(request.user)
    team = team_to_write(request.user, body.team)
    return Status(201, _detail(services.create_report(request.user, team, body.title, body.body)))


@router.get("/reports/{report_id}", response=ReportDetail)
def report(request: HttpRequest, report_id: int):
    """With its text."""
    return _detail(_visible(request, report_id))


@router.patch("/reports/{report_id}", response=ReportDetail)
def change_report(request: HttpRequest, report_id: int, body: Change):
    """Another title or text. A 409 says that somebody has changed it since the version that you have read."""
    found = _visible(request, report_id)
    require_writer(request.user, found.team_id)
    title = found.title if body.title is None else body.title
    text = found.body if body.body is None else body.body
    try:
        return _detail(services.save_report(request.user, found, body.version, title, text))
    except services.Conflict as conflict:
        raise _not_the_last(conflict.report) from conflict


@router.delete("/reports/{report_id}", response={204: None})
def delete_report(request: HttpRequest, report_id: int):
    """Its share links go with it."""
    services.delete_report(request.user, _visible(request, report_id))
    return Status(204, None)


@router.get("/reports/{report_id}/report.html", response=str)
def report_html(request: HttpRequest, report_id: int):
    """One file with styles and pictures in it."""
    return export_views.report_html(request, report_id=report_id)


@router.get("/reports/{report_id}/report.pdf", response=bytes)
def report_pdf(request: HttpRequest, report_id: int):
    """A4, with text that can be selected."""
    return export_views.report_pdf(request, report_id=report_id)


def _visible(request: HttpRequest, report_id: int) -> Report:
    return get_object_or_404(visible_reports(request.user), id=report_id)


def _detail(report: Report) -> ReportDetail:
    found = problems_of(scope_of(report), report.body)
    problems = [PanelProblem(line=one.line, key=one.key, value=one.value, message=one.message) for one in found]
    return ReportDetail.of(report, body=report.body, problems=problems)


def _not_the_last(now: Report) -> Refused:
    who = now.updated_by.email if now.updated_by else "Somebody"
    message = f"{who} saved version {now.version} since: read it, and send that number with what you want of both."
    return Refused(HTTPStatus.CONFLICT, message, [Problem(field="version", value=now.version, message=message)])
