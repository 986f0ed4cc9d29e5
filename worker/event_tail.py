"""Reads a run's event stream from any byte on, whole lines only."""

from pathlib import Path

from flowdppo_engine.events import EVENTS_FILE, Event
from runs.event_lines import parse_line, parse_lines
from runs.ingest import Batch

CHUNK_BYTES = 1 << 20


def read_batch(folder: Path, start: int) -> Batch | None:
    """The next events after byte `start`, or None where no whole line is there yet."""
    try:
        with (folder / EVENTS_FILE).open("rb") as file:
            file.seek(start)
            content = file.read(CHUNK_BYTES)
            if b"\n" not in content:
                content += file.readline()
    except FileNotFoundError:
        return None
    whole = content[: content.rfind(b"\n") + 1]
    if not whole:
        return None
    return Batch(parse_lines(whole), start, start + len(whole))


def read_last(folder: Path, after: int = 0) -> Event | None:
    """The last whole event of the stream past byte `after`, whoever stored it."""
    path = folder / EVENTS_FILE
    if not path.exists():
        return None
    with path.open("rb") as file:
        file.seek(max(after, path.stat().st_size - CHUNK_BYTES))
        lines = file.read().split(b"\n")[:-1]
    return parse_line(lines[-1]) if lines else None
