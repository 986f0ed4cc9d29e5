"""Metric points into their table by COPY, which takes them several times as fast as INSERT does."""

from collections.abc import Iterable, Iterator

from django.db import IntegrityError, connection, transaction

from flowdppo_engine import events
from runs.models import Attempt, MetricPoint

# Binary COPY converts nothing: each value is sent as the very type of its column.
COLUMNS = {
    "attempt_id": "int8",
    "run_id": "uuid",
    "key": "varchar",
    "iteration": "int4",
    "step": "int4",
    "time": "float8",
    "value": "float8",
}
COPY = f"COPY {MetricPoint._meta.db_table} ({', '.join(COLUMNS)}) FROM STDIN (FORMAT BINARY)"


def insert(attempt: Attempt, batch: Iterable[events.Metrics]) -> None:
    """Insert the points of these events. Of a value that is said twice the first counts."""
    rows = list(_rows(attempt, batch))
    if not rows:
        return
    try:
        with transaction.atomic(), connection.wrap_database_errors:
            _copy(rows)
    except IntegrityError:
        # COPY knows no ON CONFLICT; engines seldom say a thing twice.
        points = (MetricPoint(**dict(zip(COLUMNS, row, strict=True))) for row in rows)
        MetricPoint.objects.bulk_create(points, ignore_conflicts=True)


def _rows(attempt: Attempt, batch: Iterable[events.Metrics]) -> Iterator[tuple]:
    for event in batch:
        iteration, step, time = event.iteration, event.step, event.time
        for key, value in event.values.items():
            yield attempt.id, attempt.run_id, key, iteration, step, time, value


def _copy(rows: Iterable[tuple]) -> None:
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:
        copy.set_types(list(COLUMNS.values()))
        for row in rows:
            copy.write_row(row)
