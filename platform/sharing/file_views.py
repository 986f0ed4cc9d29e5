"""A shared report to take along, as the team takes it: one HTML file, or a PDF."""

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from reports.export_views import html_response, pdf_response
from reports.models import Report
from sharing.attempts import are_too_many_files
from sharing.services import count_open
from sharing.visits import Visit, visited


@visited
def share_html(request: HttpRequest, visit: Visit) -> HttpResponse:
    return _file(request, visit, html_response)


@visited
def share_pdf(request: HttpRequest, visit: Visit) -> HttpResponse:
    return _file(request, visit, pdf_response)


def _file(request: HttpRequest, visit: Visit, respond: Callable[[Report], HttpResponse]) -> HttpResponse:
    """Who takes a file has opened the link, whether they saw the page or not."""
    if visit.link.report is None:
        raise Http404("It is no report.")
    if are_too_many_files(visit.link):
        return render(request, "sharing/closed.html", {"status": 429, "is_file": True}, status=429)
    if request.method == "GET":
        count_open(visit.link)
    return respond(visit.link.report)
