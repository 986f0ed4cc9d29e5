"""What the panel's scripts fetch: JSON for curves and tiles, and pictures. Only GET, and 401 instead of a redirect."""

from collections.abc import Callable
from uuid import UUID

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from core.for_scripts import answers_scripts
from runs import media
from runs.frontier_points import read_frontier_points
from runs.metric_names import SHOWN_FIRST, title_of
from runs.models import Sample
from runs.series import list_metric_keys, read_lost_series, read_series

MAX_RUNS = 50
MAX_KEYS = 100
PICTURES_ARE_IMMUTABLE = "private, max-age=31536000, immutable"

fetched = answers_scripts(require_safe, ValueError, 400)


@fetched
def series(request: HttpRequest) -> HttpResponse:
    """Curves, evaluations and sample iterations of `runs`, for the metrics `keys`; new ones since `cursor`.

    With `hours=1` also the GPU hours that each iteration was done at.
    """
    keys = _list(request, "keys", MAX_KEYS)
    cursor = request.GET.get("cursor", "")
    return _json(read_series(request.user, _run_ids(request), keys, cursor, _with_hours(request)))


@fetched
def lost_series(request: HttpRequest) -> HttpResponse:
    """What attempts of `runs` had written of the metrics `keys` before a later attempt rolled it back."""
    keys = _list(request, "keys", MAX_KEYS)
    return _json(read_lost_series(request.user, _run_ids(request), keys, _with_hours(request)))


@fetched
def frontier(request: HttpRequest) -> HttpResponse:
    """A point for each checkpoint of `runs`: the quantity `across` against the quantity `up`."""
    across, up = request.GET.get("across", ""), request.GET.get("up", "")
    return _json(read_frontier_points(request.user, _run_ids(request), across, up))


@fetched
def metric_keys(request: HttpRequest) -> HttpResponse:
    """Titles of the metrics that `runs` have, and of those that any run will have."""
    keys = {*SHOWN_FIRST, *list_metric_keys(request.user, _run_ids(request))}
    return _json({key: title_of(key) for key in sorted(keys)})


@fetched
def samples(request: HttpRequest) -> HttpResponse:
    """The samples of `run` at `iteration`."""
    try:
        run_id, iteration = UUID(request.GET.get("run", "")), int(request.GET.get("iteration", ""))
    except ValueError:
        raise ValueError("run and iteration say whose samples to show: give a run's id and a number.") from None
    return _json({"samples": [_describe(row) for row in media.samples_at(request.user, run_id, iteration)]})


@fetched
def sample_picture(request: HttpRequest, sample_id: int) -> HttpResponse:
    return _picture(request, sample_id, f'"{sample_id}"', media.read_picture)


@fetched
def sample_thumbnail(request: HttpRequest, sample_id: int) -> HttpResponse:
    return _picture(request, sample_id, f'"{sample_id}-small"', media.read_thumbnail)


def _picture(request: HttpRequest, sample_id: int, etag: str, read: Callable[[Sample], media.Picture]) -> HttpResponse:
    sample = get_object_or_404(media.visible_samples(request.user), id=sample_id)
    return picture_response(request, etag, lambda: read(sample))


def picture_response(request: HttpRequest, etag: str, read: Callable[[], media.Picture]) -> HttpResponse:
    """A picture that never changes: the browser keeps it. 404 where `read` raises FileNotFoundError."""
    response = get_conditional_response(request, etag=etag)
    if response is None:
        try:
            picture = read()
        except FileNotFoundError as error:
            raise Http404(str(error)) from error
        response = HttpResponse(picture.content, content_type=picture.content_type)
    response["ETag"] = etag
    response["Cache-Control"] = PICTURES_ARE_IMMUTABLE
    return response


def _describe(sample: Sample) -> dict:
    return {
        "id": sample.id,
        "index": sample.index,
        "prompt": sample.prompt,
        "seed": sample.seed,
        "rewards": sample.rewards,
        "picture": reverse("sample_picture", args=[sample.id]),
        "thumbnail": reverse("sample_thumbnail", args=[sample.id]),
    }


def _run_ids(request: HttpRequest) -> list[UUID]:
    ids = _list(request, "runs", MAX_RUNS)
    try:
        return [UUID(run_id) for run_id in ids]
    except ValueError:
        raise ValueError(f"runs = {','.join(ids)} has a part that is no run's id: give ids, with commas.") from None


def _with_hours(request: HttpRequest) -> bool:
    return request.GET.get("hours") == "1"


def _list(request: HttpRequest, name: str, longest: int) -> list[str]:
    values = [value for value in request.GET.get(name, "").split(",") if value]
    if len(values) > longest:
        raise ValueError(f"{name} has {len(values)} entries: give at most {longest}.")
    return values


def _json(content: dict) -> HttpResponse:
    headers = {"Cache-Control": "private, no-store"}
    return HttpResponse(orjson.dumps(content), content_type="application/json", headers=headers)
