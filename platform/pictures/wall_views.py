"""The wall of pictures as a page, and its further pages as JSON for the script that draws it."""

from http import HTTPStatus

import orjson
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from pictures.wall_json import describe_news, describe_opened, describe_page, describe_wall
from pictures.wall_questions import Question, parse_question
from pictures.walls import Wall
from runs.panel_views import fetched
from runs.run_picker import read_picker, run_ids


@require_GET
def samples(request: HttpRequest) -> HttpResponse:
    """The address holds everything: see `wall_questions`; `open` is shown in full, `ticked` can be compared."""
    if "run" in request.GET:
        return redirect(_with_picked_runs(request))
    question, problem = Question(), ""
    try:
        question = parse_question(request.GET)
        opened = describe_opened(request.user, request.GET["open"]) if request.GET.get("open") else None
    except ValueError as error:
        problem, opened = str(error), None
    wall = Wall(request.user, question)
    context = {
        "picker": read_picker(request.user, _with_runs_of(request, wall)),
        "shown": "samples",
        "problem": problem,
        "wall": describe_wall(wall) | {"opened": opened},
    }
    return render(request, "pictures/samples.html", context, status=HTTPStatus.BAD_REQUEST if problem else None)


@fetched
def samples_tiles(request: HttpRequest) -> HttpResponse:
    """The wall that the address asks for; with `place` a further page of it, with `seen` what is new since then."""
    wall, place = Wall(request.user, parse_question(request.GET)), request.GET.get("place", "")
    if "seen" in request.GET:
        content = describe_news(wall, request.GET["seen"])
    else:
        content = describe_page(wall, place) if place else describe_wall(wall)
    headers = {"Cache-Control": "private, no-store"}
    return HttpResponse(orjson.dumps(content), content_type="application/json", headers=headers)


def _with_runs_of(request: HttpRequest, wall: Wall) -> QueryDict:
    """The address for the picker, which shows the runs that stand on the wall, however they were chosen."""
    query = request.GET.copy()
    query["runs"] = ",".join(str(run.id) for run in wall.runs)
    return query


def _with_picked_runs(request: HttpRequest) -> str:
    query = request.GET.copy()
    for name in ("run", "policies", "open", "find", "after"):
        query.pop(name, None)
    query["runs"] = ",".join(map(str, run_ids(request.GET)))
    return f"{reverse('samples')}?{query.urlencode(safe=',/')}"
