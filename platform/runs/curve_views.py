"""The page of the panel's views: a picker of runs, and the panel in a frame. The address holds both."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from runs.run_picker import PAGE, SEARCH, read_picker, run_ids

CURVES, FRONTIER = "curves", "frontier"
# The last two: which of the runs are hidden, by their places, and what part of a chart is looked at.
OF_THESE_RUNS = ("runs", "run", SEARCH, PAGE, "hide", "zoom")


@require_GET
def curves_page(request: HttpRequest) -> HttpResponse:
    if "run" in request.GET:
        return redirect(_with_runs_in_one(request))
    shown = FRONTIER if request.GET.get("view") == FRONTIER else CURVES
    context = {
        "picker": read_picker(request.user, request.GET),
        "shown": shown,
        "title": shown.capitalize(),
        "pick_words": f"Pick some to see their {shown}.",
        "view_of_panel": _view_of_panel(request).items(),
        "panel_query": _panel_query(request, shown),
    }
    return render(request, "runs/curves.html", context)


@require_GET
def curves_picker(request: HttpRequest) -> HttpResponse:
    """A page of the runs to pick from, for a search while it is typed."""
    return render(request, "runs/_run_picker_rows.html", {"picker": read_picker(request.user, request.GET)})


def _with_runs_in_one(request: HttpRequest) -> str:
    """The address of the same page with the ticked runs in its one list of runs."""
    query = request.GET.copy()
    query["runs"] = _runs_in_one(request)
    del query["run"]
    return f"{reverse('curves')}?{query.urlencode(safe=',/')}"


def _runs_in_one(request: HttpRequest) -> str:
    return ",".join(map(str, run_ids(request.GET)))


def _view_of_panel(request: HttpRequest) -> dict[str, str]:
    """What the address says of the panel that goes for other runs as well."""
    return {name: value for name, value in request.GET.items() if name not in OF_THESE_RUNS}


def _panel_query(request: HttpRequest, shown: str) -> str:
    query = request.GET.copy()
    for name in (SEARCH, PAGE):
        query.pop(name, None)
    query["runs"] = _runs_in_one(request)
    query["view"] = shown
    return query.urlencode(safe=",/")
