"""A run's metrics: which there are, their points, and all of them as a file."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.text import slugify
from ninja import Query, Router, Schema
from pydantic import Field

from api.exports import CsvWriter, ParquetWriter, blocks
from api.inputs import Text
from api.points import Series, Span, all_points, thinned_points
from api.schemas import MetricOut, PointsOut, SeriesOut
from runs.metric_names import title_of
from runs.selectors import visible_runs
from runs.series import list_metric_keys

router = Router(tags=["Metrics"])

MAX_KEYS = 100
LAST = 2**31 - 1

Iteration = Annotated[int, Field(ge=0, le=LAST)]


class Chosen(Schema):
    key: Annotated[list[Text], Field(max_length=MAX_KEYS, description="May be repeated.")] = []


class Wanted(Chosen):
    """Points between two iterations, both ends included."""

    first: Iteration = 0
    last: Iteration = LAST
    max_points: Annotated[int, Field(ge=2, le=20_000, description="Of each metric.")] = 1000


@router.get("/runs/{run_id}/metrics", response=list[MetricOut])
def metrics(request: HttpRequest, run_id: UUID):
    """The metrics that the run has values of."""
    run = get_object_or_404(visible_runs(request.user), id=run_id)
    return [MetricOut(key=key, title=title_of(key)) for key in list_metric_keys(request.user, [run.id])]


@router.get("/runs/{run_id}/metrics/points", response=PointsOut)
def points(request: HttpRequest, run_id: UUID, wanted: Annotated[Wanted, Query()]):
    """Points of metrics between two iterations; of many, the lowest and the highest of each stretch."""
    run = get_object_or_404(visible_runs(request.user), id=run_id)
    found = thinned_points(run.id, wanted.key, Span(wanted.first, wanted.last), wanted.max_points)
    is_thinned = any(series.num_points > len(series.points) for series in found.values())
    return PointsOut(series={name: _columns(series) for name, series in found.items()}, is_thinned=is_thinned)


@router.get("/runs/{run_id}/metrics.csv", response=bytes)
def metrics_csv(request: HttpRequest, run_id: UUID, chosen: Annotated[Chosen, Query()]):
    """Every point as CSV: key, iteration, step, time, value. Without `key`, of every metric."""
    return _file(request, run_id, chosen.key, CsvWriter(), "csv")


@router.get("/runs/{run_id}/metrics.parquet", response=bytes)
def metrics_parquet(request: HttpRequest, run_id: UUID, chosen: Annotated[Chosen, Query()]):
    """The same as Parquet."""
    return _file(request, run_id, chosen.key, ParquetWriter(), "parquet")


def _file(request: HttpRequest, run_id: UUID, keys: Sequence[str], writer, extension: str) -> StreamingHttpResponse:
    run = get_object_or_404(visible_runs(request.user), id=run_id)
    name = f"{slugify(run.name) or 'run'}-metrics.{extension}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    content = blocks(all_points(run.id, keys), writer)
    return StreamingHttpResponse(content, content_type=writer.content_type, headers=headers)


def _columns(series: Series) -> SeriesOut:
    names = ("iteration", "step", "value")
    return SeriesOut(**{name: [point[place] for point in series.points] for place, name in enumerate(names)})
