"""What TensorBoard and W&B have of a run, read back from their own files, and what becomes of one that fails."""

import io
import json
import struct
import sys
from collections import Counter

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from wandb.proto import wandb_internal_pb2

from flowdppo_engine.rewards.base import RewardError
from flowdppo_engine.rewards.suite import RewardSuite
from flowdppo_engine.training import run
from flowdppo_engine.training.trackers import TensorBoard
from flowdppo_engine.training.tracking import without_secrets
from tests.flowdppo_engine.brightness import Brightness, brightness_suite
from tests.flowdppo_engine.tiny_run import tiny_config
from tests.flowdppo_engine.training.run_folder import live_line, read_events

TENSORBOARD = {"trackers": ["tensorboard"], "project": "sunrise"}


class BreaksOff(Brightness):
    """Fails at the `number`-th batch."""

    def __init__(self, number):
        self._left = number

    def measure(self, images, prompts):
        self._left -= 1
        if not self._left:
            raise RewardError("the lamp went out")
        return super().measure(images, prompts)


def read_back(folder):
    accumulator = EventAccumulator(str(folder / "tracking" / "sunrise"), {"scalars": 0, "images": 0})
    return accumulator.Reload()


def scalars(board):
    return {tag: {event.step: event.value for event in board.Scalars(tag)} for tag in board.Tags()["scalars"]}


def expected_scalars(folder):
    """From the event stream, the truth."""
    values = {}
    for event in live_line(folder):
        if event.type == "metrics":
            for name, value in event.values.items():
                values.setdefault(name, {})[event.step] = value
            values.setdefault("iteration", {})[event.step] = event.iteration
        elif event.type == "evaluation":
            prompt_set = event.prompt_set.strip("/").replace("/", ".")
            for name, score in event.scores.items():
                values.setdefault(f"evaluation/{prompt_set}/{name}", {})[event.step] = score.mean
            for name, difference in event.difference.items():
                values.setdefault(f"evaluation_difference/{prompt_set}/{name}", {})[event.step] = difference.mean
    return values


@pytest.fixture(scope="module")
def finished(tiny_folder, prompts_file, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tracked") / "run"
    config = tiny_config(tiny_folder, prompts_file, tracking=TENSORBOARD)
    assert run.train(config, folder, rewards=brightness_suite()) == 0
    return folder


def test_every_metric_and_every_score_is_there(finished):
    told, expected = scalars(read_back(finished)), expected_scalars(finished)
    assert told.keys() == expected.keys()
    assert any(name.startswith("evaluation/") and name.endswith("prompts.txt/brightness") for name in told)
    for name, values in expected.items():
        assert told[name].keys() == values.keys()
        np.testing.assert_allclose(list(told[name].values()), list(values.values()), rtol=1e-6)


def test_the_samples_are_there_as_images_pixel_for_pixel(finished):
    board = read_back(finished)
    events = [event for event in live_line(finished) if event.type == "samples"]
    told = [sample for event in events if event.are_fixed for sample in event.samples]
    assert len(events) == 5
    tags = board.Tags()["images"]
    assert tags == [f"samples/{sample.index:02d} {sample.prompt} (seed {sample.seed})" for sample in told[:2]]
    assert [event.step for event in board.Images(tags[0])] == [0, 4, 8]
    last = board.Images(tags[0])[-1].encoded_image_string
    with Image.open(io.BytesIO(last)) as image, Image.open(finished / told[-2].path) as drawn:
        assert np.array_equal(np.asarray(image), np.asarray(drawn.convert("RGB")))


def test_a_run_taken_up_goes_on_in_the_same_place_and_no_step_is_told_twice(make_config, tmp_path):
    """The lost attempt told iteration 3, past the checkpoint of iteration 2: told again, it is left out."""
    config, folder = make_config(tracking=TENSORBOARD), tmp_path / "run"
    assert run.train(config, folder, rewards=RewardSuite({BreaksOff(8): 1.0})) == 1
    lost = [event.iteration for event in read_events(folder) if event.type == "metrics"]
    identity = (folder / "tracking" / "run_id").read_text()
    assert run.resume(folder, rewards=brightness_suite()) == 0
    assert (folder / "tracking" / "run_id").read_text() == identity
    resumed = next(event for event in read_events(folder) if event.type == "resumed")
    assert resumed.iteration < lost[-1]
    board = read_back(folder)
    for name, values in expected_scalars(folder).items():
        assert [event.step for event in board.Scalars(name)] == list(values)
        if not name.startswith(("time/", "memory/")):
            np.testing.assert_allclose([e.value for e in board.Scalars(name)], list(values.values()), rtol=1e-6)


def test_a_run_without_trackers_leaves_no_folder_for_them(make_config, tmp_path):
    assert run.train(make_config(iterations=1), tmp_path / "run", rewards=brightness_suite()) == 0
    assert not (tmp_path / "run" / "tracking").exists()


def wandb_records(path):
    """The records of a `.wandb` file: LevelDB's log format after a header of 7 bytes."""
    content, position, record = path.read_bytes(), 7, b""
    while position + 7 <= len(content):
        left_in_block = 32768 - position % 32768
        if left_in_block < 7:
            position += left_in_block
            continue
        _, length, kind = struct.unpack_from("<IHB", content, position)
        record += content[position + 7 : position + 7 + length]
        position += 7 + length
        if kind in (1, 4):  # whole, or the last part
            yield wandb_internal_pb2.Record.FromString(record)
            record = b""


def read_wandb(folder):
    """Of each attempt the run's id, rows of values as JSON by name, and exit code."""
    attempts = []
    for path in sorted((folder / "tracking").glob("wandb-*/wandb/offline-run-*/*.wandb")):
        rows, run_id, exit_code = [], None, None
        for record in wandb_records(path):
            if record.HasField("history"):
                rows.append({"/".join(item.nested_key) or item.key: item.value_json for item in record.history.item})
            if record.HasField("run"):
                run_id = record.run.run_id
            if record.HasField("exit"):
                exit_code = record.exit.exit_code
        attempts.append((run_id, rows, exit_code))
    return attempts


def test_wandb_gets_every_value_once_over_two_attempts(make_config, tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    config, folder = make_config(tracking={"trackers": ["wandb"], "project": "sunrise"}), tmp_path / "run"
    assert run.train(config, folder, rewards=RewardSuite({BreaksOff(8): 1.0})) == 1
    assert run.resume(folder, rewards=brightness_suite()) == 0
    attempts = read_wandb(folder)
    assert {run_id for run_id, _, _ in attempts} == {(folder / "tracking" / "run_id").read_text().strip()}
    assert [exit_code for _, _, exit_code in attempts] == [1, 0]
    rows = [row for _, some, _ in attempts for row in some]
    told = Counter((name, row["step"]) for row in rows for name in row if name != "step" and not name.startswith("_"))
    assert max(told.values()) == 1
    for name, values in expected_scalars(folder).items():
        assert [step for step in values if (name, str(step)) in told] == list(values), name
    rewards = {int(row["step"]): float(row["reward/mean"]) for row in rows if "reward/mean" in row}
    assert rewards == pytest.approx(expected_scalars(folder)["reward/mean"], rel=1e-12)
    captions = [json.loads(row["samples/00/caption"]) for row in rows if "samples/00/caption" in row]
    assert len(captions) == 3 and "(seed 0)" in captions[0]


@pytest.mark.parametrize("package", ["wandb", "trackio"])
def test_a_missing_package_is_refused_before_anything_is_loaded(make_config, tmp_path, monkeypatch, package):
    """A folder that the tracker left where it was started is no package."""
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, package, raising=False)
    (tmp_path / package).mkdir()
    config = make_config(tracking={"trackers": [package]})
    assert run.train(config, tmp_path / "run", rewards=brightness_suite()) == 2
    events = read_events(tmp_path / "run")
    assert [event.type for event in events] == ["failed"]
    assert f"tracking.trackers = {package}" in events[0].error and f"pip install {package}" in events[0].error


@pytest.mark.parametrize("method", ["start", "log_values", "log_pictures", "close"])
def test_a_tracker_that_fails_is_told_of_once_and_the_run_goes_on(make_config, tmp_path, monkeypatch, method):
    monkeypatch.setenv("SOME_API_KEY", "abcdef123456")

    def fail(*args, **options):
        raise ConnectionError("https://host/?key=abcdef123456 is away")

    monkeypatch.setattr(TensorBoard, method, fail)
    config = make_config(iterations=2, tracking=TENSORBOARD)
    assert run.train(config, tmp_path / "run", rewards=brightness_suite()) == 0
    warnings = [event.message for event in read_events(tmp_path / "run") if getattr(event, "level", "") == "warning"]
    assert len(warnings) == 1
    assert "Tracker tensorboard failed" in warnings[0] and "https://host/?key=… is away" in warnings[0]
    assert len([event for event in read_events(tmp_path / "run") if event.type == "metrics"]) == 2


def test_secrets_are_known_by_the_name_of_their_variable():
    environment = {"WANDB_API_KEY": "0123456789", "HOME": "/home/someone", "HF_TOKEN": "short"}
    assert without_secrets("0123456789 in /home/someone, short", environment) == "… in /home/someone, short"
