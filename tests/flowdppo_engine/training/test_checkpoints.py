import json

import pytest
from safetensors import SafetensorError

from flowdppo_engine.training import checkpoints
from flowdppo_engine.training.checkpoints import DamagedCheckpoint


def write(run_folder, step, content="weights"):
    def fill(staging):
        (staging / "weights.safetensors").write_text(content)
        (staging / "ema").mkdir()
        (staging / "ema" / "weights.safetensors").write_text(content + " averaged")

    folder = run_folder / checkpoints.CHECKPOINTS / checkpoints.folder_name(step)
    checkpoints.write(folder, fill)
    return folder


def test_a_written_checkpoint_is_whole_and_lists_its_files(tmp_path):
    folder = write(tmp_path, 40)
    checkpoints.verify(folder)
    assert folder.name == "step-000040"
    files = json.loads((folder / "manifest.json").read_text())["files"]
    assert set(files) == {"weights.safetensors", "ema/weights.safetensors"}
    assert files["weights.safetensors"]["num_bytes"] == len("weights")
    assert checkpoints.num_bytes(folder) > 0


def damage_content(folder):
    (folder / "weights.safetensors").write_text("weighty")


def damage_missing(folder):
    (folder / "ema" / "weights.safetensors").unlink()


def damage_no_manifest(folder):
    (folder / "manifest.json").unlink()


def damage_half_manifest(folder):
    path = folder / "manifest.json"
    path.write_text(path.read_text()[:30])


def damage_empty_manifest(folder):
    (folder / "manifest.json").write_text('{"version": 1, "files": {}}')


def damage_manifest_of_a_later_version(folder):
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace('"version": 1', '"version": 2'))


def damage_shorter(folder):
    (folder / "weights.safetensors").write_text("weight")


def damage_folder_for_a_file(folder):
    (folder / "weights.safetensors").unlink()
    (folder / "weights.safetensors").mkdir()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (damage_content, "weights.safetensors has another content"),
        (damage_missing, "ema/weights.safetensors is missing"),
        (damage_no_manifest, "manifest.json is missing or unreadable"),
        (damage_half_manifest, "manifest.json is not whole"),
        (damage_empty_manifest, "manifest.json is not whole"),
        (damage_manifest_of_a_later_version, "manifest.json is not whole"),
        (damage_shorter, "weights.safetensors has another content"),
        (damage_folder_for_a_file, "weights.safetensors is missing"),
    ],
)
def test_damage_is_recognised_and_the_one_before_found(tmp_path, damage, message):
    older, newer = write(tmp_path, 2), write(tmp_path, 10)
    damage(newer)
    with pytest.raises(DamagedCheckpoint, match=message):
        checkpoints.verify(newer)
    found = checkpoints.find_latest_valid(tmp_path)
    assert found.folder == older and list(found.damaged) == [newer] and message in found.damaged[newer]


def test_latest_counts_by_step(tmp_path):
    for step in (100, 999_999, 1_000_000, 2):
        write(tmp_path, step)
    assert checkpoints.find_latest_valid(tmp_path).folder.name == "step-1000000"


def test_no_checkpoint_is_no_error(tmp_path):
    assert checkpoints.find_latest_valid(tmp_path).folder is None


def test_what_a_person_puts_beside_is_neither_a_damage_nor_a_checkpoint(tmp_path):
    folder = write(tmp_path, 2)
    (folder / "notes.txt").write_text("the good one")
    folder.with_name("step-000001-old").mkdir()
    folder.with_name("step-best").mkdir()
    assert checkpoints.list_checkpoints(tmp_path) == [folder]
    assert checkpoints.find_latest_valid(tmp_path) == checkpoints.Found(folder, {})


@pytest.mark.parametrize("error", [OSError("disk full"), SafetensorError("I/O error"), KeyboardInterrupt()])
def test_a_fill_that_fails_leaves_nothing_behind(tmp_path, error):
    def fill(staging):
        (staging / "half").write_text("")
        raise error

    expected = OSError if isinstance(error, SafetensorError) else type(error)
    with pytest.raises(expected):
        checkpoints.write(tmp_path / "checkpoints" / "step-000001", fill)
    assert list((tmp_path / "checkpoints").iterdir()) == []


def test_a_killed_process_leaves_what_the_next_one_clears_away(tmp_path):
    staging = tmp_path / "checkpoints" / ".staging-step-000001"
    (staging / "ema").mkdir(parents=True)
    (staging / "weights.safetensors").write_text("half")
    assert checkpoints.list_checkpoints(tmp_path) == []
    folder = write(tmp_path, 1)
    checkpoints.verify(folder)
    staging.mkdir()
    checkpoints.remove_leftovers(tmp_path)
    assert list((tmp_path / "checkpoints").iterdir()) == [folder]


def test_prune_keeps_the_last(tmp_path):
    for step in (1, 2, 3, 4):
        write(tmp_path, step)
    checkpoints.prune(tmp_path, keep_last=2)
    assert [folder.name for folder in checkpoints.list_checkpoints(tmp_path)] == ["step-000003", "step-000004"]
    checkpoints.prune(tmp_path, keep_last=1)
    checkpoints.prune(tmp_path, keep_last=1)
    assert [folder.name for folder in checkpoints.list_checkpoints(tmp_path)] == ["step-000004"]


def test_prune_spares_the_best(tmp_path):
    folders = [write(tmp_path, step) for step in (1, 2, 3, 4)]
    checkpoints.prune(tmp_path, 1, {folders[1], tmp_path / "checkpoints" / "step-000009"})
    assert checkpoints.list_checkpoints(tmp_path) == [folders[1], folders[3]]
