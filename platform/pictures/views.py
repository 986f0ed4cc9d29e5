"""The bytes of drawings, by id."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from pictures.files import read_picture, read_thumbnail
from pictures.models import Drawing
from pictures.selectors import visible_drawings
from runs.panel_views import fetched, picture_response


@fetched
def drawing_picture(request: HttpRequest, drawing_id: int) -> HttpResponse:
    drawing = _find(request, drawing_id)
    return picture_response(request, f'"d{drawing_id}"', lambda: read_picture(drawing))


@fetched
def drawing_thumbnail(request: HttpRequest, drawing_id: int) -> HttpResponse:
    drawing = _find(request, drawing_id)
    return picture_response(request, f'"d{drawing_id}-small"', lambda: read_thumbnail(drawing))


def _find(request: HttpRequest, drawing_id: int) -> Drawing:
    return get_object_or_404(visible_drawings(request.user), id=drawing_id)
