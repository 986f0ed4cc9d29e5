"""Reading a file that somebody else is writing."""

import json

import pytest

from flowdppo_engine.events import EventWriter, Finished, Log, UnknownEvent
from worker import event_tail
from worker.event_tail import read_batch, read_last


@pytest.fixture
def write(tmp_path):
    def write(content: bytes) -> None:
        with (tmp_path / "events.jsonl").open("ab") as file:
            file.write(content)

    return write


def line(message: str) -> bytes:
    return json.dumps({"type": "log", "seq": 1, "time": 1.0, "level": "info", "message": message}).encode() + b"\n"


def test_nothing_is_there_yet(tmp_path, write):
    assert read_batch(tmp_path, 0) is None
    assert read_last(tmp_path) is None
    write(b'{"type": "lo')
    assert read_batch(tmp_path, 0) is None
    assert read_last(tmp_path) is None


def test_a_half_written_line_waits_for_its_other_half(tmp_path, write):
    write(line("one") + line("two")[:20])
    first = read_batch(tmp_path, 0)
    assert ([event.message for event in first.events], first.end) == (["one"], len(line("one")))
    assert read_batch(tmp_path, first.end) is None
    write(line("two")[20:])
    second = read_batch(tmp_path, first.end)
    assert ([event.message for event in second.events], second.start) == (["two"], first.end)


def test_batches_cover_the_file_without_gap_or_overlap(tmp_path, write, monkeypatch):
    monkeypatch.setattr(event_tail, "CHUNK_BYTES", 150)
    messages = [str(number) * (number % 40) for number in range(200)]
    write(b"".join(map(line, messages)))
    found, at = [], 0
    while batch := read_batch(tmp_path, at):
        found += [event.message for event in batch.events]
        at = batch.end
    assert found == messages
    assert at == (tmp_path / "events.jsonl").stat().st_size


def test_a_line_longer_than_a_chunk_is_read_whole(tmp_path, write, monkeypatch):
    monkeypatch.setattr(event_tail, "CHUNK_BYTES", 16)
    write(line("x" * 1000))
    assert read_batch(tmp_path, 0).events[0].message == "x" * 1000


@pytest.mark.parametrize("bad", [b"not json\n", b"[]\n", b'{"type": "metrics"}\n', b"\xff\xfe\n"])
def test_a_line_that_is_no_event_becomes_a_warning(tmp_path, write, bad):
    write(bad + line("after"))
    warning, after = read_batch(tmp_path, 0).events
    assert isinstance(warning, Log) and warning.level == "warning" and "is no event" in warning.message
    assert after.message == "after"


def test_an_unknown_type_is_an_event(tmp_path, write):
    write(b'{"type": "weather", "seq": 1, "time": 1.0, "sunny": true}\n')
    assert isinstance(read_batch(tmp_path, 0).events[0], UnknownEvent)


def test_a_nul_character_is_replaced(tmp_path, write):
    write(line("a\0b"))
    assert read_batch(tmp_path, 0).events[0].message == "a\ufffdb"


def test_the_last_event_is_found_behind_a_half_written_line(tmp_path, write):
    EventWriter(tmp_path).write(Finished(iteration=3, step=6))
    write(b'{"type"')
    assert read_last(tmp_path).iteration == 3


def test_what_was_said_before_does_not_count_as_the_last_word(tmp_path, write):
    write(line("before"))
    assert read_last(tmp_path, after=len(line("before"))) is None
    write(line("after"))
    assert read_last(tmp_path, after=len(line("before"))).message == "after"
