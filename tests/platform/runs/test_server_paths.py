"""Nobody learns of the server's files by naming them in a configuration."""

import pytest

from flowdppo_engine.config import RunConfig
from runs.config_errors import ConfigInvalid, check_config


@pytest.fixture(autouse=True)
def folders(settings, tmp_path):
    """Prompt and model folders of the operator, and a file beside them."""
    settings.PROMPTS_DIR, settings.MODELS_DIR = tmp_path / "prompts", tmp_path / "models"
    for folder in (settings.PROMPTS_DIR, settings.MODELS_DIR):
        folder.mkdir()
    (tmp_path / "secret.txt").write_text("mine\n")
    (settings.PROMPTS_DIR / "cats.txt").write_text("a cat\n")
    (settings.PROMPTS_DIR / "link.txt").symlink_to(tmp_path / "secret.txt")
    return tmp_path


def config(**changes) -> dict:
    return RunConfig().model_dump(mode="json") | {"rewards": [{"name": "jpeg_compressibility"}]} | changes


@pytest.mark.parametrize("name", ["secret.txt", "prompts/../secret.txt", "prompts/link.txt", "nothing.txt"])
def test_a_prompt_file_elsewhere_is_refused_whether_it_exists_or_not(folders, name):
    source = str(folders / name)
    with pytest.raises(ConfigInvalid) as caught:
        check_config(config(prompts={"train": source}))
    assert caught.value.errors == {
        "prompts.train": [f"“{source}” is no prompt set: choose a sandbox: set, or a file in {folders / 'prompts'}."]
    }


def test_a_prompt_file_of_the_operator_is_taken(folders):
    source = str(folders / "prompts" / "cats.txt")
    checked = check_config(config(prompts={"train": source}, evaluation={"prompt_sets": [source]}))
    assert checked.prompts.train == source


@pytest.mark.parametrize("source", ["/etc", "../models", "a/../../b"])
def test_a_model_folder_elsewhere_is_refused(source):
    with pytest.raises(ConfigInvalid) as caught:
        check_config(config(model={"source": source}))
    assert list(caught.value.errors) == ["model.source"]


def test_hub_ids_and_the_operators_models_are_taken(folders):
    for source in ("stabilityai/stable-diffusion-3.5-medium", str(folders / "models" / "mine"), "sandbox"):
        assert check_config(config(model={"source": source})).model.source == source


@pytest.mark.parametrize("source", ["/etc", "../models", "/nowhere/at/all"])
def test_a_rewards_network_elsewhere_is_refused_at_its_field(folders, source):
    rewards = [{"name": "hpsv2", "source": source}, {"name": "pick_score", "processor_source": source}]
    with pytest.raises(ConfigInvalid) as caught:
        check_config(config(rewards=rewards))
    message = f"“{source}” is no model: give a hub id such as owner/name, or a folder in {folders / 'models'}."
    assert caught.value.errors == {"rewards.hpsv2.source": [message], "rewards.pick_score.processor_source": [message]}


def test_a_rewards_network_of_the_hub_or_of_the_operator_is_taken(folders):
    mine = str(folders / "models" / "mine")
    checked = check_config(config(rewards=[{"name": "clip_score", "source": mine}, {"name": "pick_score"}]))
    assert [reward.source for reward in checked.rewards] == [mine, "yuvalkirstain/PickScore_v1"]
