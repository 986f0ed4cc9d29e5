"""Rewards of every kind can be written into the form and read back."""

import pytest

from flowdppo_engine.config import RunConfig
from runs.config_errors import ConfigInvalid, check_config
from runs.config_form import ConfigForm
from runs.config_texts import data_of, texts_of
from runs.knobs import Kind, Knob, config_tree, walk

NODES = {node.dotted: node for node in walk(config_tree())}
REWARDS = [
    {
        "name": "http",
        "url": "http://127.0.0.1:8000/",
        "label": "brightness",
        "frames": {"num_frames": 2, "aggregation": "min"},
    },
    {
        "name": "vlm_judge",
        "url": "https://judge.example.org/v1",
        "model": "m",
        "api_key_env": "JUDGE_API_KEY",
        "answer": {"name": "yes_probability", "template": "{question}", "aggregation": "am"},
    },
    {"name": "custom", "entry_point": "redness", "options": ["threshold=0.5", "mode=soft"], "overlap": True},
]


def test_remote_and_custom_rewards_come_back_from_the_form_as_they_were():
    config = RunConfig(rewards=REWARDS)
    assert RunConfig.model_validate(data_of(texts_of(config.model_dump(mode="json")))) == config


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("http.url", Kind.TEXT),
        ("http.whole_videos", Kind.TOGGLE),
        ("http.timeout_seconds", Kind.NUMBER),
        ("http.frames.aggregation", Kind.CHOICE),
        ("vlm_judge.answer.score.highest", Kind.NUMBER),
        ("custom.options", Kind.LINES),
    ],
)
def test_their_settings_have_a_field_that_fits(field, kind):
    assert NODES[f"rewards.{field}"].kind is kind


def test_every_setting_of_a_reward_is_explained():
    unexplained = [
        path
        for path, node in NODES.items()
        if path.startswith("rewards.") and isinstance(node, Knob) and not node.help
    ]
    assert unexplained == []


def test_what_has_to_be_written_by_hand_starts_empty():
    form = ConfigForm(RunConfig())
    (rewards,) = [section for section in form.sections if section.node.dotted == "rewards"]
    (http,) = [variant for variant in rewards.variants if variant.node.key == "http"]
    (url,) = [member for member in http.members if member.node.dotted == "rewards.http.url"]
    assert (url.value, http.is_chosen) == ("", False)


@pytest.mark.parametrize("url", ["", "redis://127.0.0.1:6379"])
def test_an_address_that_is_missing_or_wrong_is_told_at_its_field(url):
    with pytest.raises(ConfigInvalid) as caught:
        check_config(RunConfig().model_dump(mode="json") | {"rewards": [{"name": "http", "url": url}]})
    assert list(caught.value.errors) == ["rewards.http.url"]
