"""Saved comparisons: the list, and what is done to one."""

from urllib.parse import parse_qsl

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from comparing import selectors, services
from comparing.looking import Looking, parse_looking
from comparing.models import Comparison
from teams.selectors import teams_written_by

PAGE_SIZE = 50


@require_GET
def comparison_list(request: HttpRequest) -> HttpResponse:
    """Newest first; with `?before=` those before one of them."""
    text = request.GET.get("before", "")
    before = int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None
    found = list(selectors.comparisons_before(request.user, before)[: PAGE_SIZE + 1])
    context = {
        "comparisons": found[:PAGE_SIZE],
        "older": found[PAGE_SIZE - 1].id if len(found) > PAGE_SIZE else None,
        "before": before,
        "writes_to": set(teams_written_by(request.user).values_list("id", flat=True)),
    }
    return render(request, "comparing/comparison_list.html", context)


@require_GET
def comparison(request: HttpRequest, comparison_id: int) -> HttpResponse:
    """Open it as it was saved."""
    return redirect(_address(_visible(request, comparison_id)))


@require_POST
def comparison_new(request: HttpRequest) -> HttpResponse:
    """Save what `query`, the address of the page, shows."""
    try:
        looking = _looking(request)
        saved = services.save_comparison(
            request.user, request.POST.get("name", ""), request.POST.get("notes", ""), looking
        )
    except ValueError as error:
        messages.error(request, f"Nothing was saved. {error}")
        return redirect(_way_back(request))
    messages.info(request, f"“{saved.name}” is saved for the team {saved.team}.")
    return redirect(_address(saved))


@require_POST
def comparison_change(request: HttpRequest, comparison_id: int) -> HttpResponse:
    """Another name, other notes; with `query` it also shows something else from now on."""
    found = _visible(request, comparison_id)
    try:
        looking = _looking(request) if request.POST.get("query") else None
        said = (request.POST.get("name", ""), request.POST.get("notes", ""))
        services.change_comparison(request.user, found, *said, looking)
    except ValueError as error:
        messages.error(request, f"Nothing was changed. {error}")
        found.refresh_from_db()
    return redirect(_address(found))


@require_POST
def comparison_delete(request: HttpRequest, comparison_id: int) -> HttpResponse:
    found = _visible(request, comparison_id)
    services.delete_comparison(request.user, found)
    messages.info(request, f"“{found.name}” is deleted. Its pictures stay.")
    return redirect("comparisons")


def _address(saved: Comparison) -> str:
    return f"{reverse('compare')}?{saved.looking.query}&saved={saved.id}"


def _looking(request: HttpRequest) -> Looking:
    return parse_looking(dict(parse_qsl(request.POST.get("query", "").lstrip("?"))))


def _way_back(request: HttpRequest) -> str:
    """The page that the form stood on, where its address can be read."""
    try:
        return f"{reverse('compare')}?{_looking(request).query}"
    except ValueError:
        return reverse("compare")


def _visible(request: HttpRequest, comparison_id: int) -> Comparison:
    return get_object_or_404(selectors.visible_comparisons(request.user), id=comparison_id)
