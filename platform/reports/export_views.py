"""Reports to take away: one HTML file, or a PDF."""

from django.http import HttpRequest, HttpResponse
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from reports.html_file import write_html
from reports.pdf.document import write_pdf
from reports.takeaway import Takeaway, takeaway_of
from reports.views import visible_report


@require_GET
def report_html(request: HttpRequest, report_id: int) -> HttpResponse:
    return html_response(takeaway_of(visible_report(request, report_id)))


@require_GET
def report_pdf(request: HttpRequest, report_id: int) -> HttpResponse:
    return pdf_response(takeaway_of(visible_report(request, report_id)))


def html_response(takeaway: Takeaway) -> HttpResponse:
    return _file(write_html(takeaway), takeaway, "html", "text/html; charset=utf-8")


def pdf_response(takeaway: Takeaway) -> HttpResponse:
    return _file(write_pdf(takeaway), takeaway, "pdf", "application/pdf")


def _file(content: str | bytes, takeaway: Takeaway, extension: str, content_type: str) -> HttpResponse:
    name = f"{slugify(takeaway.title) or 'report'}.{extension}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return HttpResponse(content, content_type=content_type, headers=headers)
