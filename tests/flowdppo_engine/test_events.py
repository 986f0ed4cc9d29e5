import json
import math
import resource

import pytest
from pydantic import ValidationError

from flowdppo_engine import events
from flowdppo_engine.events import EventWriter, Finished, Log, Metrics, UnknownEvent, parse_event


def read(folder):
    return [parse_event(line) for line in (folder / events.EVENTS_FILE).read_text().splitlines()]


def test_the_types_and_fields_that_readers_rely_on():
    common = {"seq", "time", "type"}
    assert {name: set(cls.model_fields) - common for name, cls in events.EVENT_TYPES.items()} == {
        "started": {"total_iterations", "num_latent_dims", "num_trainable_parameters", "engine_version"},
        "resumed": {"iteration", "step", "checkpoint"},
        "metrics": {"iteration", "step", "values"},
        "samples": {"iteration", "step", "samples"},
        "checkpoint": {"iteration", "step", "path", "num_bytes", "removed"},
        "evaluation": {"iteration", "step", "prompt_set", "num_prompts", "scores", "difference"},
        "best": {"iteration", "step", "prompt_set", "score", "checkpoints", "removed"},
        "scored": {"rewards", "totals", "num_groups", "num_alike_groups", "left_out"},
        "tried": {
            *("device", "peak_memory_gib", "device_memory_gib", "num_images"),
            *("seconds", "seconds_per_iteration", "seconds_for_run"),
        },
        "drawn": {"iteration", "prompt_set", "drawings", "spread"},
        "phase": {"phase", "done", "total", "unit", "seconds_left"},
        "log": {"level", "message"},
        "finished": {"iteration", "step", "stopped"},
        "failed": {"error", "traceback", "hint", "deterministic", "memory_ran_out_in"},
    }


def test_what_is_written_is_what_is_read(tmp_path):
    writer = EventWriter(tmp_path)
    writer.write(Metrics(iteration=1, step=2, values={"reward/mean": 0.1 + 0.2}))
    writer.write(Log(level="info", message="two\nlines, “quoted”"))
    first, second = read(tmp_path)
    assert (first.seq, first.values) == (1, {"reward/mean": 0.1 + 0.2})
    assert (second.seq, second.message) == (2, "two\nlines, “quoted”")
    assert second.time >= first.time > 1.7e9


def test_counting_goes_on_over_a_half_written_line(tmp_path):
    writer = EventWriter(tmp_path)
    writer.write(Log(level="info", message="whole"))
    writer.close()
    with (tmp_path / events.EVENTS_FILE).open("a") as file:
        file.write('{"seq": 2, "type": "lo')
    EventWriter(tmp_path).write(Finished(iteration=1, step=2))
    assert [(event.seq, event.type) for event in read(tmp_path)] == [(1, "log"), (2, "finished")]


def test_a_line_is_there_as_soon_as_it_is_written(tmp_path):
    writer = EventWriter(tmp_path)
    writer.write(Log(level="info", message="x"))
    assert (tmp_path / events.EVENTS_FILE).read_bytes().endswith(b"}\n")


def test_a_line_that_the_disk_does_not_take_is_not_there_at_all(tmp_path):
    path = tmp_path / events.EVENTS_FILE
    writer = EventWriter(tmp_path)
    writer.write(Log(level="info", message="whole"))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 20, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            writer.write(Log(level="info", message="does not fit"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    writer.write(Finished(iteration=1, step=2))
    assert [(event.seq, event.type) for event in read(tmp_path)] == [(1, "log"), (2, "finished")]


def test_an_unknown_type_is_accepted_with_what_it_carries():
    event = parse_event(json.dumps({"seq": 3, "time": 1.0, "type": "later_invention", "extra": [1, 2]}))
    assert isinstance(event, UnknownEvent) and event.type == "later_invention" and event.extra == [1, 2]


@pytest.mark.parametrize("line", ["not json", '{"type": "log"}', "{}"])
def test_a_line_that_is_no_event_is_a_value_error(line):
    with pytest.raises(ValueError):
        parse_event(line)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_metric_that_is_no_number_cannot_be_written(value):
    with pytest.raises(ValidationError, match="finite"):
        Metrics(iteration=1, step=1, values={"x": value})
