"""The playground: type a prompt, choose who draws, and see the pictures as they come."""

import uuid
from dataclasses import replace

from django.core.cache import cache
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET, require_POST

from pictures.policies import Policy, parse_policy
from pictures.selectors import visible_drawings
from playground import grids, selectors, services
from playground.asked import MAX_POLICIES, MAX_SEEDS, Asked, read_asked, write_seeds
from playground.choices import find_choices
from playground.models import Sheet, SheetState
from playground.progress import read_step
from playground.waiting import why_it_waits, why_nobody_draws
from runs.panel_views import fetched
from teams.selectors import teams_of, teams_written_by


@require_GET
def playground(request: HttpRequest) -> HttpResponse:
    asked, problems = read_asked(request.GET)
    context = _drawn(request, asked, problems)
    past, older_than = selectors.history_page(request.user)
    if context["may_write"]:
        services.be_ready()
    context |= {
        "choices": find_choices(request.user, ""),
        "has_team": teams_of(request.user).exists(),
        "past": past,
        "older_than": older_than,
    }
    return render(request, "playground/playground.html", context)


@require_GET
def choices(request: HttpRequest) -> HttpResponse:
    """Rows of the choice of checkpoints, for `find` typed above them."""
    found = find_choices(request.user, request.GET.get("find", ""))
    return render(request, "playground/_choices.html", {"choices": found})


@require_GET
def history(request: HttpRequest) -> HttpResponse:
    """More of the person's own requests: those before the sheet `before`."""
    try:
        before = uuid.UUID(request.GET.get("before", ""))
    except ValueError:
        before = None
    past, older_than = selectors.history_page(request.user, before)
    context = {"past": past, "older_than": older_than}
    return render(request, "playground/_history.html" if request.htmx else "playground/history.html", context)


@require_POST
def draw(request: HttpRequest) -> HttpResponse:
    """Have the pictures drawn; the answer is the grid that they come into, and its address."""
    asked, problems = read_asked(request.POST)
    sheet = None
    try:
        sheet = None if problems else services.draw(request.user, asked)
    except ValidationError as error:
        problems = {name: " ".join(messages) for name, messages in error.message_dict.items()}
    if not request.htmx and not problems:
        return redirect(asked.address)
    context = _drawn(request, asked, problems, sheet)
    if not request.htmx:
        page = {"choices": find_choices(request.user, ""), "has_team": True, "past": [], "older_than": None}
        return render(request, "playground/playground.html", context | page, status=422)
    response = render(request, "playground/_drawn.html", context)
    if sheet:
        response["HX-Push-Url"] = asked.address
    return response


@fetched
def status(request: HttpRequest, sheet_id: uuid.UUID) -> HttpResponse:
    """What is new of a sheet: its state, how far the next picture is, and the cells after the first `have`."""
    sheet = get_object_or_404(selectors.visible_sheets(request.user), id=sheet_id)
    have = request.GET.get("have", "0")
    if not (have.isascii() and have.isdigit() and len(have) < 5):
        raise ValueError(f"have = {have[:40]!r}: give how many pictures are there already.")
    drawn = selectors.pictures_of(request.user, sheet)
    answer = {
        "state": sheet.state,
        "drawn": len(drawn),
        "places": sheet.num_places,
        "words": _words(sheet, len(drawn)),
        "step": read_step(cache, sheet.id) if sheet.state == SheetState.DRAWING else None,
        "cells": {},
    }
    if len(drawn) != int(have):
        answer["cells"] = {place: _render_cell(request, sheet, place, row) for place, row in drawn.items()}
    return JsonResponse(answer, headers={"Cache-Control": "private, no-store"})


@require_POST
def stop(request: HttpRequest, sheet_id: uuid.UUID) -> HttpResponse:
    sheet = get_object_or_404(selectors.visible_sheets(request.user), id=sheet_id)
    services.stop(request.user, sheet)
    return HttpResponse(status=204) if request.htmx else redirect("playground")


@require_POST
def keep(request: HttpRequest, drawing_id: int) -> HttpResponse:
    return _change(request, drawing_id, services.keep)


@require_POST
def let_go(request: HttpRequest, drawing_id: int) -> HttpResponse:
    return _change(request, drawing_id, services.let_go)


def _change(request: HttpRequest, drawing_id: int, change) -> HttpResponse:
    """The cell as it is then."""
    drawing = get_object_or_404(visible_drawings(request.user).filter(selectors.there()), id=drawing_id)
    try:
        change(request.user, drawing)
    except ValidationError as error:
        raise PermissionDenied(" ".join(error.messages)) from error
    if not request.htmx:
        return redirect("drawing_picture", drawing.id)
    drawing.refresh_from_db(fields=["expires_at"])
    policy = Policy(drawing.run, drawing.iteration, None)
    place = request.POST.get("place", "")
    cell = grids.make_cell(int(place) if place.isdigit() and len(place) < 5 else 0, policy, drawing.seed, drawing)
    return render(request, "playground/_cell.html", {"cell": cell, "may_draw": True})


def _drawn(request: HttpRequest, asked: Asked, problems: dict[str, str], sheet: Sheet | None = None) -> dict:
    """The part of the page with the pictures, and the form that led there."""
    policies = selectors.policies_of(request.user, asked)
    settings = selectors.settings_of(asked, policies)
    found = selectors.find_drawn(request.user, asked, policies, settings)
    sheet = sheet or (selectors.live_sheet(request.user, asked, settings) if policies and not problems else None)
    grid = grids.lay(asked, policies, settings, found)
    written = set(teams_written_by(request.user).values_list("id", flat=True))
    missing = {ref for ref in asked.policies if ref not in {policy.ref for policy in policies}}
    if missing and "policies" not in problems:
        problems = problems | {"policies": "Some of these checkpoints are not there, or are none of your teams'."}
    return {
        "asked": replace(asked, policies=tuple(policy.ref for policy in policies)),
        "policies": policies,
        "settings": settings,
        "grid": grid,
        "sheet": sheet,
        "words": _words(sheet, len(found)) if sheet else "",
        "obstacle": why_nobody_draws(any(map(services.needs_gpu, policies))),
        "problems": problems,
        "may_write": bool(written),
        "may_draw": bool(written) and all(policy.run.experiment.team_id in written for policy in policies),
        "seeds_text": write_seeds(asked.seeds),
        "guidance_text": "" if asked.guidance_scale is None else f"{asked.guidance_scale:g}",
        "most_policies": MAX_POLICIES,
        "most_seeds": MAX_SEEDS,
    }


def _words(sheet: Sheet, num_drawn: int) -> str:
    """How it goes, in a line."""
    count = f"{num_drawn} of {sheet.num_places}"
    match sheet.state:
        case SheetState.WAITING:
            return why_it_waits(sheet) or ("Drawing begins." if not num_drawn else f"{count} drawn.")
        case SheetState.DRAWING:
            return f"Drawing: {count}."
        case SheetState.FAILED:
            return f"{sheet.error} {sheet.hint}".strip()
        case SheetState.CANCELLED:
            return f"Stopped: {count} drawn."
    return ""


def _render_cell(request: HttpRequest, sheet: Sheet, place: int, drawing) -> str:
    ref = parse_policy(sheet.policies[place % len(sheet.policies)])
    cell = grids.make_cell(place, Policy(drawing.run, ref.iteration, None), drawing.seed, drawing)
    return render_to_string("playground/_cell.html", {"cell": cell, "may_draw": True}, request)
