"""The page of one picture, with what is known of it."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from pictures.models import Drawing
from pictures.neighbours import Neighbours, neighbours_of
from pictures.refs import find_pictures, parse_ref
from pictures.shown import show
from runs.models import Sample
from runs.selectors import visible_checkpoints


@require_GET
def picture_page(request: HttpRequest, ref: str) -> HttpResponse:
    try:
        found = find_pictures(request.user, [parse_ref(ref)])
    except ValueError as error:
        raise Http404(str(error)) from None
    if not found:
        raise Http404
    picture = next(iter(found.values()))
    neighbours = neighbours_of(request.user, picture)
    checkpoints = visible_checkpoints(request.user).filter(run=picture.run_id, iteration=picture.iteration)
    context = {
        "picture": picture,
        "shown": show(picture),
        "is_drawing": isinstance(picture, Drawing),
        "neighbours": neighbours,
        "rewards": _rewards(picture, neighbours),
        "checkpoint": checkpoints.first() if picture.run_id else None,
    }
    return render(request, "pictures/picture.html", context)


def _rewards(picture: Sample | Drawing, neighbours: Neighbours) -> list[tuple[str, float | None, float | None]]:
    """Name, value, and that of the base model's picture."""
    base = neighbours.base.rewards if neighbours.base else {}
    return [(name, value, base.get(name)) for name, value in picture.rewards.items()]
