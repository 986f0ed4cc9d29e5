"""Whatever ends a run, and whenever: taken up again, it is the undisturbed run, bit for bit."""

import json
from pathlib import Path

import pytest

from flowdppo_engine.training import checkpoints
from tests.flowdppo_engine.training.interruptions import INTERRUPTIONS
from tests.flowdppo_engine.training.run_folder import assert_same_files, facts, read_events, run_script

KILLED = -9
NAMES = [*INTERRUPTIONS, "killed_twice", "killed_then_stopped", "damaged"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    workdir = tmp_path_factory.mktemp("interruptions")
    run_script(Path(__file__).with_name("interruptions.py"), workdir)
    return workdir


@pytest.fixture(scope="module")
def exit_codes(runs) -> dict[str, list[int]]:
    return json.loads((runs / "exit_codes.json").read_text())


def test_undisturbed_run_tells_everything(runs, exit_codes):
    folder = runs / "undisturbed"
    assert exit_codes["undisturbed"] == [0]
    told = list(facts(folder))
    assert [key[1] for key in told if key[0] == "metrics"] == [1, 2, 3, 4]
    assert [key[1] for key in told if key[0] == "checkpoint"] == [2, 4]
    assert [key[1] for key in told if key[0] == "samples" and key[3]] == [0, 2, 4]
    assert [key[1] for key in told if key[0] == "samples" and not key[3]] == [2, 4]
    assert [key[1] for key in told if key[0] == "evaluation"] == [0, 0, 2, 2, 4, 4]
    kinds = [event.type for event in read_events(folder) if event.type not in ("phase", "log")]
    assert kinds[0] == "started" and kinds[-1] == "finished"


@pytest.mark.parametrize("name", NAMES)
def test_interrupted_and_taken_up_is_undisturbed(runs, name):
    told, expected_facts = facts(runs / name), facts(runs / "undisturbed")
    # A stop writes one checkpoint more, wherever it comes.
    extra = {
        key for key in told.keys() - expected_facts.keys() if key[0] == "checkpoint" and name.startswith("stopped")
    }
    assert {key: fact for key, fact in told.items() if key not in extra} == expected_facts
    assert_same_files(runs / name, runs / "undisturbed")


@pytest.mark.parametrize("name", ["undisturbed", *NAMES])
def test_events_count_without_a_gap(runs, name):
    events = read_events(runs / name)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert sum(event.type == "started" for event in events) == 1
    assert events[-1].type == "finished" and not events[-1].stopped


@pytest.mark.parametrize("name", ["undisturbed", *NAMES])
def test_no_checkpoint_is_left_half_written(runs, name):
    folder = runs / name / "checkpoints"
    assert [path for path in folder.iterdir() if path.name.startswith(".")] == []
    for checkpoint in folder.iterdir():
        checkpoints.verify(checkpoint)


def test_exit_codes(exit_codes):
    for name, codes in exit_codes.items():
        assert codes[-1] == 0, name
        if name.startswith("killed"):
            assert codes[0] == KILLED, name
        if name.startswith("stopped") and name != "stopped_while_loading":
            assert codes[0] == 0, name
    assert exit_codes["stopped_while_loading"][0] == 143
    assert exit_codes["killed_twice"][1] == KILLED
    assert exit_codes["killed_then_stopped"][1] == 0


@pytest.mark.parametrize(
    ("name", "iteration"),
    [
        ("stopped_in_rollout", 3),
        ("stopped_in_update", 2),
        ("stopped_in_first_update", 0),
        ("stopped_in_evaluation", 2),
    ],
)
def test_a_stopped_run_says_so_after_its_last_checkpoint(runs, name, iteration):
    events = [event for event in read_events(runs / name) if event.type not in ("phase", "log")]
    stopped = next(event for event in events if event.type == "finished")
    assert stopped.stopped and stopped.iteration == iteration
    resumed = events[events.index(stopped) + 1]
    assert resumed.type == "resumed" and resumed.iteration == iteration


@pytest.mark.parametrize(
    ("name", "iteration", "checkpoint"),
    [
        ("killed_in_first_update", 0, None),
        ("killed_after_metrics", 2, "checkpoints/step-000004"),
        ("killed_before_announcing", 2, "checkpoints/step-000004"),
        ("damaged", 2, "checkpoints/step-000004"),
    ],
)
def test_a_run_is_taken_up_after_its_latest_whole_checkpoint(runs, name, iteration, checkpoint):
    resumed = next(event for event in read_events(runs / name) if event.type == "resumed")
    assert (resumed.iteration, resumed.checkpoint) == (iteration, checkpoint)


def test_a_damaged_checkpoint_is_told_and_written_again(runs):
    events = read_events(runs / "damaged")
    warning = next(event for event in events if event.type == "log" and event.level == "warning")
    assert "step-000008 is damaged" in warning.message and "another content" in warning.message
    assert [event.path for event in events if event.type == "checkpoint"].count("checkpoints/step-000008") == 2
