"""Reports to take away: one HTML file, or a PDF."""

from django.http import HttpRequest, HttpResponse
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from reports.html_file import html_of
from reports.models import Report
from reports.pdf.document import pdf_of
from reports.views import visible_report


@require_GET
def report_html(request: HttpRequest, report_id: int) -> HttpResponse:
    return html_response(visible_report(request, report_id))


@require_GET
def report_pdf(request: HttpRequest, report_id: int) -> HttpResponse:
    return pdf_response(visible_report(request, report_id))


def html_response(report: Report) -> HttpResponse:
    return _file(html_of(report), report, "html", "text/html; charset=utf-8")


def pdf_response(report: Report) -> HttpResponse:
    return _file(pdf_of(report), report, "pdf", "application/pdf")


def _file(content: str | bytes, report: Report, extension: str, content_type: str) -> HttpResponse:
    name = f"{slugify(report.title) or 'report'}.{extension}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return HttpResponse(content, content_type=content_type, headers=headers)
