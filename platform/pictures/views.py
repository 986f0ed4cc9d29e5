"""The bytes of drawings, by id."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from pictures.models import Drawing
from pictures.selectors import visible_drawings
from runs import media
from runs.panel_views import fetched, picture_response


@fetched
def drawing_picture(request: HttpRequest, drawing_id: int) -> HttpResponse:
    drawing = _find(request, drawing_id)
    return picture_response(request, f'"d{drawing_id}"', lambda: media.read_stored(drawing.path))


@fetched
def drawing_thumbnail(request: HttpRequest, drawing_id: int) -> HttpResponse:
    drawing = _find(request, drawing_id)

    def read() -> media.Picture:
        return media.read_small(f"thumbnails/drawings/{drawing_id}.webp", lambda: media.read_stored(drawing.path))

    return picture_response(request, f'"d{drawing_id}-small"', read)


def _find(request: HttpRequest, drawing_id: int) -> Drawing:
    return get_object_or_404(visible_drawings(request.user), id=drawing_id)
