"""The page on which checkpoints and pictures are compared, and what its scripts fetch."""

from dataclasses import replace
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from comparing.contents import read_content, with_neighbours
from comparing.items import items_among
from comparing.looking import READ, Looking, parse_looking
from comparing.models import Comparison
from comparing.picker import ADD, Picker, read_picker
from comparing.rows import Rows
from comparing.selectors import visible_comparisons
from runs.panel_views import fetched
from teams.selectors import teams_written_by

NEWEST_SAVED = 6
SAVED = "saved"


@require_GET
def compare(request: HttpRequest) -> HttpResponse:
    """Grid or items, as the address says; with `add=` first this column is put beside the others."""
    try:
        looking = looking_of(request.GET)
    except ValueError as error:
        return render(request, "comparing/compare.html", {"problem": str(error), **_around(request)}, status=400)
    saved = _saved(request)
    if ADD in request.GET:
        more = {SAVED: saved.id} if saved else {}
        return redirect(f"{reverse('compare')}?{looking.query}{'&' if more else ''}{urlencode(more)}")
    rows = Rows.seen_by(request.user)
    content = with_neighbours(read_content(rows, looking), rows, reverse("compare_pictures"))
    context = {
        "content": content,
        "looking": looking,
        "saved": saved,
        "kept": f"&{SAVED}={saved.id}" if saved else "",
        "is_as_saved": saved is not None and saved.looking == looking,
        "grid_query": replace(looking, items=()).query if looking.items and looking.policies else "",
        "may_write": teams_written_by(request.user).exists(),
        **_around(request),
    }
    if not looking.items:
        context["picker"] = read_picker(request.user, request.GET, looking)
    return render(request, "comparing/compare.html", context)


@require_GET
def compare_picker(request: HttpRequest) -> HttpResponse:
    """The part of the form that follows from the experiment and the run."""
    try:
        picker = read_picker(request.user, request.GET, looking_of(request.GET))
    except ValueError:
        picker = Picker(Looking(), [])
    return render(request, "comparing/_picker.html", {"picker": picker})


@fetched
def compare_pictures(request: HttpRequest) -> HttpResponse:
    """What is known of `items`, for a page that goes on to its next row."""
    refs = READ["items"]("items", request.GET.get("items", ""))
    items = items_among(Rows.seen_by(request.user), refs)
    return JsonResponse({"items": [item.as_data() for item in items]}, headers={"Cache-Control": "private, no-store"})


def looking_of(query: QueryDict) -> Looking:
    """Fields of forms that stand in the address several times are lists. Raises ValueError."""
    texts = {name: ",".join(filter(None, query.getlist(name))) for name in READ if name in query}
    if ADD in query:
        texts["policies"] = ",".join(filter(None, [texts.get("policies", ""), *query.getlist(ADD)]))
    return parse_looking(texts)


def _saved(request: HttpRequest) -> Comparison | None:
    text = request.GET.get(SAVED, "")
    known = visible_comparisons(request.user)
    return known.filter(id=int(text)).first() if text.isascii() and text.isdigit() and len(text) < 18 else None


def _around(request: HttpRequest) -> dict:
    return {"newest": visible_comparisons(request.user)[:NEWEST_SAVED]}
