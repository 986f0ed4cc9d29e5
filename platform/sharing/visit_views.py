"""What visitors get by a link: the shared run or report, its panels as they move, and its pictures."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from comparing.frame_views import frames_response, sheet_response
from pictures.files import read_picture, read_thumbnail
from pictures.refs import parse_ref
from reports.scope import Row
from reports.showing import Shown, show_drawn, show_panel, show_report
from runs.panel_views import picture_response
from sharing import shared_runs
from sharing.services import count_open
from sharing.shared_comparisons import content_of, find_compared, is_readable, query_of
from sharing.shared_reports import find_shown
from sharing.shared_runs import find_sample
from sharing.visits import Visit, visited


@visited
def share(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The page. Who looks around on it (`?iteration=`) has opened it once."""
    if request.method == "GET" and not request.GET:
        count_open(visit.link)
    return {"run": _run, "report": _report, "comparison": _comparison}[visit.link.kind](request, visit)


@visited
def share_status(request: HttpRequest, visit: Visit) -> HttpResponse:
    """How the shared run stands."""
    if visit.link.run is None:
        raise Http404("It is no run.")
    return render(request, "sharing/_status.html", {"run": visit.link.run, "visit": visit})


@visited
def share_panel(request: HttpRequest, visit: Visit, number: int) -> HttpResponse:
    """A panel as it is now; 204 where the page shows it so (`?shown=` is its digest)."""
    link = visit.link
    if link.comparison:
        raise Http404("A comparison has no panels.")
    if link.report and request.GET.get("version", str(link.report.version)) != str(link.report.version):
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    shown = (
        _run_panel(request, visit, number) if link.run else show_panel(visit.scope, link.report.body, number, visit)
    )
    if shown is None:
        raise Http404(f"There is no panel {number}.")
    if shown.digest == request.GET.get("shown"):
        return HttpResponse(status=204)
    return render(request, "sharing/_panel.html", _panel_context(request, visit) | {"piece": shown})


@visited
def share_picture(request: HttpRequest, visit: Visit, ref: str) -> HttpResponse:
    row = _find_picture(visit, ref)
    return picture_response(request, f'"{ref}"', lambda: read_picture(row))


@visited
def share_thumbnail(request: HttpRequest, visit: Visit, ref: str) -> HttpResponse:
    row = _find_picture(visit, ref)
    return picture_response(request, f'"{ref}-small"', lambda: read_thumbnail(row))


@visited
def share_frames(request: HttpRequest, visit: Visit, ref: str) -> HttpResponse:
    """The frames of a video of a shared comparison: see `comparing.frames`."""
    return frames_response(_find_picture(visit, ref), ref)


@visited
def share_sheet(request: HttpRequest, visit: Visit, ref: str, number: int) -> HttpResponse:
    return sheet_response(request, _find_picture(visit, ref), ref, number)


def _comparison(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Opened as it was saved; how one looks at it stands in the address, as on the site."""
    comparison = visit.link.comparison
    saved = query_of(comparison.looking)
    if (saved and not request.GET) or not is_readable(request.GET):
        return redirect(f"{reverse('share', args=[visit.secret])}{f'?{saved}' if saved else ''}")
    context = {"comparison": comparison, "content": content_of(visit.link, visit.secret), "visit": visit}
    return render(request, "sharing/comparison.html", context)


def _report(request: HttpRequest, visit: Visit) -> HttpResponse:
    report = visit.link.report
    context = {"report": report, "pieces": show_report(visit.scope, report.body, visit)}
    return render(request, "sharing/report.html", _panel_context(request, visit) | context)


def _run(request: HttpRequest, visit: Visit) -> HttpResponse:
    run = visit.link.run
    context = {
        "run": run,
        "pieces": [_run_panel(request, visit, number) for number in range(shared_runs.NUM_PANELS)],
        "iterations": shared_runs.sample_iterations(visit.scope),
        "configuration": shared_runs.public_config(run),
    }
    return render(request, "sharing/run.html", _panel_context(request, visit) | context)


def _run_panel(request: HttpRequest, visit: Visit, number: int) -> Shown | None:
    run = visit.link.run
    panel = shared_runs.panel_of(run, number, _iteration(request))
    return panel and show_drawn(number, panel.draw(visit.scope), visit, run.is_live)


def _panel_context(request: HttpRequest, visit: Visit) -> dict:
    return {"visit": visit, "report": visit.link.report, "iteration": _iteration(request)}


def _iteration(request: HttpRequest) -> int | None:
    wanted = request.GET.get("iteration", "")
    return int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 10 else None


def _find_picture(visit: Visit, text: str) -> Row:
    """Raises Http404 for everything that the share does not show."""
    try:
        ref = parse_ref(text)
    except ValueError as error:
        raise Http404(str(error)) from error
    link = visit.link
    if link.run:
        row = find_sample(visit.scope, ref)
    elif link.report:
        row = find_shown(visit.scope, link.report.body, ref)
    else:
        row = find_compared(visit.scope, link, ref)
    if row is None:
        raise Http404("It is not in what was shared.")
    return row
