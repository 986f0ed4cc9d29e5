"""A shared report or run to take along: one HTML file, or a PDF."""

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from reports.export_views import html_response, pdf_response
from reports.takeaway import Takeaway, takeaway_of
from sharing.attempts import are_too_many_files
from sharing.services import count_open
from sharing.shared_runs import takeaway_of_run
from sharing.visits import Visit, visited


@visited
def share_html(request: HttpRequest, visit: Visit) -> HttpResponse:
    return _file(request, visit, html_response)


@visited
def share_pdf(request: HttpRequest, visit: Visit) -> HttpResponse:
    return _file(request, visit, pdf_response)


def _file(request: HttpRequest, visit: Visit, respond: Callable[[Takeaway], HttpResponse]) -> HttpResponse:
    """Who takes a file has opened the link, whether they saw the page or not."""
    link = visit.link
    if link.comparison:
        raise Http404("A comparison is looked at on its page.")
    if are_too_many_files(link):
        return render(request, "sharing/closed.html", {"status": 429, "is_file": True}, status=429)
    if request.method == "GET":
        count_open(link)
    return respond(takeaway_of(link.report) if link.report else takeaway_of_run(link.run, visit.scope))
