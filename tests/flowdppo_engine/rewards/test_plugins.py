"""Rewards of another package: a real one, with the metadata that pip would have written."""

import re
from pathlib import Path

import pytest
import torch

from flowdppo_engine.config import CustomRewardConfig, RunConfig
from flowdppo_engine.errors import BadConfig
from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.plugins import load_custom_reward
from flowdppo_engine.rewards.registry import make_reward_suite

DOCUMENT = Path(__file__).parents[3] / "docs" / "reward-server.md"
CPU = torch.device("cpu")
ENTRY_POINTS = """[flowdppo.rewards]
redness = my_rewards:Redness
nothing = my_rewards:make_nothing
renamed = my_rewards:make_renamed
unimportable = my_rewards:Missing
"""
MORE = """

def make_nothing(name, device):
    return 0.5


def make_renamed(name, device):
    return Redness("other", device)
"""


@pytest.fixture(autouse=True)
def package(tmp_path, monkeypatch):
    """The package of the document, installed beside the others."""
    blocks = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.S)
    (code,) = [block for block in blocks if "class Redness" in block]
    (tmp_path / "my_rewards.py").write_text(code + MORE)
    metadata = tmp_path / "my_rewards-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: my-rewards\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(__import__("sys").modules, "my_rewards", raising=False)
    return tmp_path


def refused(**options) -> str:
    with pytest.raises(BadConfig) as caught:
        load_custom_reward(CustomRewardConfig(**options), CPU)
    return str(caught.value)


@pytest.mark.parametrize("overlap", [False, True])
def test_a_package_of_another_adds_a_reward(overlap):
    reward = {
        "name": "custom",
        "label": "red",
        "entry_point": "redness",
        "options": ["threshold=0.8"],
        "overlap": overlap,
    }
    suite = make_reward_suite(RunConfig(rewards=[reward]), CPU)
    images = torch.zeros(2, 3, 2, 2)
    images[0, 0] = torch.tensor([[0.9, 0.7], [0.85, 0.1]])
    images[1, 1] = 1.0
    scored = suite.measure(images, [Prompt("a"), Prompt("b")])
    assert scored.rewards["red"].tolist() == scored.scores["red"].tolist() == [0.5, 0.0]


def test_one_that_is_not_installed_is_told_with_those_that_are():
    message = refused(entry_point="rednes")
    assert "rewards.custom.entry_point = 'rednes': no package here declares it" in message
    assert "there is nothing, redness, renamed, unimportable." in message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"entry_point": "redness", "options": ["treshold=1"]},
            "redness failed with the options treshold=1: TypeError",
        ),
        ({"entry_point": "nothing"}, "rewards.custom.entry_point = nothing gave a float, no flowdppo_engine Reward"),
        ({"entry_point": "renamed"}, "renamed calls its reward 'other': it must use the name it got"),
        ({"entry_point": "unimportable"}, "unimportable (my_rewards:Missing) cannot be imported: AttributeError"),
    ],
)
def test_one_that_does_not_work_is_told_before_the_run_begins(options, message):
    assert message in refused(**options)


def test_a_name_that_two_packages_claim_is_refused(package):
    other = package / "other_rewards-1.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: other-rewards\nVersion: 1.0\n")
    (other / "entry_points.txt").write_text("[flowdppo.rewards]\nredness = other_rewards:Redness\n")
    assert "'redness' is declared by my-rewards, other-rewards: uninstall all but one" in refused(
        entry_point="redness"
    )
