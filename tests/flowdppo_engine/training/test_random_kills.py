"""Killed at any of 20 random moments and taken up again, a run is the undisturbed one, bit for bit."""

import json
from collections import Counter
from pathlib import Path

import pytest

from flowdppo_engine.training import checkpoints
from tests.flowdppo_engine.training.random_kills import CONFIGURATIONS, NUM_MOMENTS, ROOMS
from tests.flowdppo_engine.training.run_folder import (
    assert_same_files,
    facts,
    last_checkpoint,
    read_events,
    run_script,
)

KILLED = -9


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    workdir = tmp_path_factory.mktemp("random_kills")
    run_script(Path(__file__).with_name("random_kills.py"), workdir)
    return workdir


@pytest.fixture(scope="module")
def killed(runs) -> list[dict]:
    return json.loads((runs / "killed.json").read_text())


def test_the_moments_lie_all_over_a_run(killed):
    assert len(killed) == NUM_MOMENTS == 20
    assert all(one["codes"] == [KILLED, 0] for one in killed)
    assert Counter(one["undisturbed"] for one in killed).keys() == CONFIGURATIONS.keys()
    assert {one["room"] for one in killed} == {"elsewhere", *ROOMS}


@pytest.mark.parametrize("number", range(NUM_MOMENTS))
def test_killed_and_taken_up_is_undisturbed(runs, killed, number):
    folder, undisturbed = runs / killed[number]["folder"], runs / killed[number]["undisturbed"]
    assert facts(folder) == facts(undisturbed)
    assert_same_files(folder, undisturbed)
    events = read_events(folder)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))


@pytest.mark.parametrize("number", range(NUM_MOMENTS))
def test_the_same_checkpoints_are_kept_and_what_is_gone_was_told(runs, killed, number):
    folder, undisturbed = runs / killed[number]["folder"], runs / killed[number]["undisturbed"]
    kept = [path.name for path in checkpoints.list_checkpoints(folder)]
    assert kept == [path.name for path in checkpoints.list_checkpoints(undisturbed)]
    assert sorted(path.name for path in (folder / "checkpoints").iterdir()) == kept
    written = {event.path for event in read_events(folder) if event.type == "checkpoint"}
    removed = {path for event in read_events(folder) for path in getattr(event, "removed", ())}
    assert {Path(path).name for path in written - removed} == set(kept)


def test_each_configuration_keeps_what_only_it_has(runs):
    """Without it, an exact resume would prove little."""
    positions = {
        name: json.loads((last_checkpoint(runs / name) / "position.json").read_text()) for name in CONFIGURATIONS
    }
    folders = {
        name: {path.name for path in last_checkpoint(runs / name).iterdir() if path.is_dir()}
        for name in CONFIGURATIONS
    }
    assert folders == {"mask": {"ema"}, "diffusion_nft": {"ema", "old_policy"}, "kl_penalty": {"ema"},
                       "adaptive_clip": set()}  # fmt: skip
    assert positions["kl_penalty"]["trust_region"]["coefficient"] != 1.0
    assert positions["adaptive_clip"]["trust_region"]["clip_range"] != 1e-4
    assert positions["adaptive_clip"]["recomputes_old_policy"] and not positions["mask"]["recomputes_old_policy"]
