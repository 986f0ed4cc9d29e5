"""Every way in which a network can be missing, told with the field that names it."""

import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from flowdppo_engine.config import AestheticConfig, ClipScoreConfig, GenEval2Config, PickScoreConfig
from flowdppo_engine.errors import BadConfig, ModelNotFound
from flowdppo_engine.rewards.registry import make_reward


def test_a_hub_id_that_cannot_be_had_names_the_field():
    with pytest.raises(ModelNotFound, match="rewards.clip_score.source = 'nobody/nothing' could not be loaded"):
        make_reward(ClipScoreConfig(source="nobody/nothing"))


def test_the_second_source_is_named_too_and_the_label(clip_folder):
    config = PickScoreConfig(source=str(clip_folder), processor_source="nobody/nothing", label="pick")
    with pytest.raises(ModelNotFound, match="rewards.pick.processor_source = 'nobody/nothing'"):
        make_reward(config)


def test_pickled_weights_are_never_read(clip_folder, tmp_path):
    shutil.copytree(clip_folder, tmp_path, dirs_exist_ok=True)
    torch.save(load_file(tmp_path / "model.safetensors"), tmp_path / "pytorch_model.bin")
    make_reward(ClipScoreConfig(source=str(tmp_path)))
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(ModelNotFound, match="could not be loaded: .*safetensors"):
        make_reward(ClipScoreConfig(source=str(tmp_path)))


@pytest.mark.parametrize("name", ["sac+logos+ava1-l14-linearMSE.pth", "weights.pt", "pytorch_model.bin"])
def test_a_pickled_file_is_refused_before_it_is_looked_for(name):
    with pytest.raises(BadConfig, match=r"rewards.aesthetic.source = .* is pickled; give a hub id or a folder"):
        make_reward(AestheticConfig(source=name))


def test_missing_weights_are_refused_rather_than_drawn_at_random(clip_folder, tmp_path):
    shutil.copytree(clip_folder, tmp_path, dirs_exist_ok=True)
    weights = load_file(tmp_path / "model.safetensors")
    del weights["visual_projection.weight"]
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelNotFound, match="is no CLIPModel: it lacks 1 weights, such as visual_projection.weight"):
        make_reward(ClipScoreConfig(source=str(tmp_path)))


def test_the_network_of_another_reward_is_refused(clip_folder):
    with pytest.raises(ModelNotFound, match="rewards.geneval2.source = "):
        make_reward(GenEval2Config(source=str(clip_folder)))


def test_a_damaged_file_is_told(clip_folder, tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"\x00" * 64)
    with pytest.raises(ModelNotFound, match="rewards.aesthetic.source = .*: its model.safetensors is damaged"):
        make_reward(AestheticConfig(source=str(tmp_path), clip_source=str(clip_folder)))


def test_a_device_that_is_not_there_is_told(clip_folder):
    for device in ("cuda:99", "gpu"):
        with pytest.raises(BadConfig, match=f"rewards.clip_score.device = '{device}' cannot be used here"):
            make_reward(ClipScoreConfig(source=str(clip_folder), device=device))


def test_it_runs_on_the_training_device_or_its_own(clip_folder):
    where = [
        make_reward(
            ClipScoreConfig(source=str(clip_folder), device=device), torch.device("meta")
        )._clip._network.device
        for device in ("training", "cpu")
    ]
    assert [device.type for device in where] == ["meta", "cpu"]


def test_weights_are_frozen(clip_folder):
    network = make_reward(ClipScoreConfig(source=str(clip_folder)))._clip._network
    assert not any(parameter.requires_grad for parameter in network.parameters()) and not network.training
