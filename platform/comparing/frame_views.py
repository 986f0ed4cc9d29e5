"""The frames of videos, by the ref of their picture."""

from dataclasses import asdict

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from comparing import frames
from pictures.files import read_picture
from pictures.models import Drawing
from pictures.refs import find_pictures, parse_ref
from runs.models import Sample
from runs.panel_views import PICTURES_ARE_IMMUTABLE, fetched, picture_response


def frames_response(row: Sample | Drawing, name: str) -> HttpResponse:
    """How many frames there are, how large, and how long each is shown. `name` is the picture's ref."""
    try:
        found = frames.read_frames(parse_ref(name), lambda: read_picture(row))
    except FileNotFoundError as error:
        raise Http404(str(error)) from error
    return JsonResponse(asdict(found), headers={"Cache-Control": PICTURES_ARE_IMMUTABLE})


def sheet_response(request: HttpRequest, row: Sample | Drawing, name: str, number: int) -> HttpResponse:
    ref = parse_ref(name)
    return picture_response(
        request, f'"{ref}-sheet-{number}"', lambda: frames.read_sheet(ref, number, lambda: read_picture(row))
    )


@fetched
def picture_frames(request: HttpRequest, name: str) -> HttpResponse:
    return frames_response(_find(request, name), name)


@fetched
def picture_sheet(request: HttpRequest, name: str, number: int) -> HttpResponse:
    return sheet_response(request, _find(request, name), name, number)


def _find(request: HttpRequest, name: str) -> Sample | Drawing:
    ref = parse_ref(name)
    row = find_pictures(request.user, [ref]).get(ref)
    if row is None:
        raise Http404(f"There is no picture {ref}.")
    return row
