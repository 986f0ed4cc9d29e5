"""A run's metrics as a file, made while it is sent: memory holds a batch of points at a time."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Protocol

import pyarrow as pa
from asgiref.sync import sync_to_async
from django.db.models import QuerySet
from pyarrow import parquet

from runs.models import MetricPoint

BATCH = 50_000
COLUMNS = ("key", "iteration", "step", "time", "value")
TYPES = pa.schema([
    ("key", pa.dictionary(pa.int32(), pa.string())),
    ("iteration", pa.int64()),
    ("step", pa.int64()),
    ("time", pa.float64()),
    ("value", pa.float64()),
])  # fmt: skip

Rows = list[tuple]


class Writer(Protocol):
    def begin(self) -> bytes: ...
    def add(self, rows: Rows) -> bytes: ...
    def end(self) -> bytes: ...


async def blocks(points: QuerySet[MetricPoint], writer: Writer) -> AsyncIterator[bytes]:
    """The file of these points, piece by piece."""
    yield writer.begin()
    last_id = 0
    while rows := await sync_to_async(_batch)(points, last_id):
        last_id = rows[-1][0]
        yield writer.add([row[1:] for row in rows])
    yield writer.end()


def _batch(points: QuerySet[MetricPoint], last_id: int) -> Rows:
    return list(points.filter(id__gt=last_id).values_list("id", *COLUMNS)[:BATCH])


class CsvWriter:
    content_type = "text/csv; charset=utf-8"

    def begin(self) -> bytes:
        return self.add([COLUMNS])

    def add(self, rows: Rows) -> bytes:
        text = io.StringIO(newline="")
        csv.writer(text).writerows(rows)
        return text.getvalue().encode()

    def end(self) -> bytes:
        return b""


class ParquetWriter:
    content_type = "application/vnd.apache.parquet"

    def __init__(self):
        self._outlet = _Outlet()
        self._file = parquet.ParquetWriter(self._outlet, TYPES, compression="zstd")

    def begin(self) -> bytes:
        return self._outlet.take()

    def add(self, rows: Rows) -> bytes:
        columns = [pa.array(column, kind) for column, kind in zip(zip(*rows, strict=True), TYPES.types, strict=True)]
        self._file.write_table(pa.table(columns, schema=TYPES))
        return self._outlet.take()

    def end(self) -> bytes:
        self._file.close()
        return self._outlet.take()


class _Outlet(io.RawIOBase):
    """Where the file is written to: keeps what was not taken yet, and knows how much there was."""

    def __init__(self):
        self._pending = bytearray()
        self._position = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def write(self, data) -> int:
        self._pending += data
        self._position += len(data)
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._pending)
        self._pending.clear()
        return taken
