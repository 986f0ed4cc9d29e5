"""Rewards of every kind can be written into the form and read back."""

import re

import pytest
from django.urls import reverse

from flowdppo_engine.config import RunConfig
from runs.config_errors import ConfigInvalid, check_config
from runs.config_form import BoundKnob, ConfigForm
from runs.config_texts import data_of, texts_of
from runs.entries import entry
from runs.entry_edits import renumbered, with_block, without_block
from runs.knobs import Kind, Knob, config_tree, walk
from runs.models import Run
from tests.platform.forms import adding, fields_of, removing
from tests.platform.lab import add_run

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


def texts_of_default() -> dict[str, list[str]]:
    return texts_of(RunConfig().model_dump(mode="json"))


def test_what_has_to_be_written_by_hand_starts_empty():
    form = ConfigForm(RunConfig(), with_block(texts_of_default(), NODES["rewards"], "http"))
    (rewards,) = [section for section in form.sections if section.node.dotted == "rewards"]
    http = rewards.variants[-1]
    (url,) = [member for member in http.members if member.node.dotted == "rewards.http.url"]
    assert (url.value, http.node.label) == ("", "Reward server (HTTP)")


@pytest.mark.parametrize("url", ["", "redis://127.0.0.1:6379"])
def test_an_address_that_is_missing_or_wrong_is_told_at_its_field(url):
    with pytest.raises(ConfigInvalid) as caught:
        check_config(RunConfig().model_dump(mode="json") | {"rewards": [{"name": "http", "url": url}]})
    assert list(caught.value.errors) == ["rewards.http.url"]


JUDGES = [
    {"name": "vlm_judge", "url": "http://one:8000/v1", "model": "m", "label": "agrees", "weight": 2.0},
    {"name": "sandbox_soft_tifa"},
    {
        **{"name": "vlm_judge", "url": "http://two:8000/v1", "model": "n", "label": "beauty", "weight": 0.0},
        "answer": {"name": "score", "template": "How good is {prompt}?", "lowest": 1.0, "highest": 5.0},
    },
    {"name": "vlm_judge", "url": "http://three:8000/v1", "model": "n", "label": "odd", "weight": 0.25},
]


def test_several_of_a_kind_come_back_from_the_form_as_they_were_and_in_order():
    config = RunConfig(rewards=JUDGES)
    texts = texts_of(config.model_dump(mode="json"))
    assert texts["rewards"] == ["vlm_judge", "sandbox_soft_tifa", "vlm_judge-2", "vlm_judge-3"]
    assert texts["rewards.vlm_judge-2.answer.score.highest"] == ["5"]
    assert RunConfig.model_validate(data_of(texts)) == config


def test_a_second_of_a_kind_is_named_and_labelled():
    texts = with_block(with_block(texts_of_default(), NODES["rewards"], "vlm_judge"), NODES["rewards"], "vlm_judge")
    assert texts["rewards"][2:] == ["vlm_judge", "vlm_judge-2"]
    assert (texts["rewards.vlm_judge.label"], texts["rewards.vlm_judge-2.label"]) == ([""], ["vlm_judge-2"])
    assert texts["rewards.vlm_judge-2.parallel_requests"] == ["16"]
    assert entry(NODES["rewards"], "vlm_judge-2").label == "VLM judge (HTTP) 2"
    assert with_block(texts, NODES["rewards"], "magic") == texts


def test_what_an_added_reward_starts_with_is_no_change():
    texts = with_block(texts_of_default(), NODES["rewards"], "vlm_judge") | {"rewards.vlm_judge.weight": ["2"]}
    form = ConfigForm(RunConfig(), without_block(texts, NODES["rewards"], "sandbox_picture_quality"))
    (rewards,) = [section for section in form.sections if section.node.dotted == "rewards"]
    judge = {knob.node.path[-1]: knob for knob in rewards.variants[-1].members if isinstance(knob, BoundKnob)}
    assert (judge["weight"].value, judge["weight"].recipe_value) == ("2", "1")
    assert judge["timeout_seconds"].value == judge["timeout_seconds"].recipe_value == "60"
    assert rewards.removed == ["sandbox_picture_quality"]


def test_the_others_keep_what_they_have_where_one_is_taken_out():
    texts = texts_of(RunConfig(rewards=JUDGES).model_dump(mode="json"))
    rest = without_block(texts, NODES["rewards"], "vlm_judge")
    assert rest["rewards"] == ["sandbox_soft_tifa", "vlm_judge", "vlm_judge-2"]
    assert RunConfig.model_validate(data_of(rest)) == RunConfig(rewards=JUDGES[1:])
    assert not [path for path in rest if path.startswith("rewards.vlm_judge-3")]


def test_slots_are_counted_anew_when_the_form_is_sent():
    texts = texts_of(RunConfig(rewards=JUDGES).model_dump(mode="json"))
    sent = texts | {"rewards": ["vlm_judge-3", "vlm_judge"]}
    assert renumbered(sent)["rewards"] == ["vlm_judge", "vlm_judge-2"]
    assert RunConfig.model_validate(data_of(renumbered(sent))) == RunConfig(rewards=[JUDGES[3], JUDGES[0]])
    assert renumbered(texts) == texts


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"weight": "much"}, "rewards.vlm_judge-2.weight"),
        ({"answer": {"name": "score", "template": "no place"}}, "rewards.vlm_judge-2.answer.score.template"),
        ({"frames": {"num_frames": 0}}, "rewards.vlm_judge-2.frames.num_frames"),
    ],
)
def test_an_error_stands_at_the_one_of_its_kind_that_has_it(change, path):
    rewards = [JUDGES[0], JUDGES[1], JUDGES[2] | change]
    with pytest.raises(ConfigInvalid) as caught:
        check_config(RunConfig().model_dump(mode="json") | {"rewards": rewards})
    assert path in caught.value.errors
    assert not [other for other in caught.value.errors if other.startswith("rewards.vlm_judge.")]


def test_a_combination_names_the_one_of_its_kind():
    """RunConfig counts: rewards.2.frames; the form says which judge that is."""
    video = {"family": "wan", "source": "owner/wan", "num_frames": 5, "resolution": 64}
    data = RunConfig().model_dump(mode="json")
    data |= {"model": data["model"] | video, "rewards": [*JUDGES[:2], JUDGES[2] | {"frames": {"num_frames": 9}}]}
    with pytest.raises(ConfigInvalid) as caught:
        check_config(data)
    (message,) = caught.value.errors["rewards.vlm_judge-2.frames.num_frames"]
    assert message.startswith("rewards.vlm_judge-2.frames.num_frames = 9 is more than the 5 frames")


def test_a_folder_outside_is_told_at_the_one_that_names_it(settings, tmp_path):
    settings.MODELS_DIR = tmp_path
    rewards = [{"name": "pick_score"}, {"name": "pick_score", "label": "mine", "source": "/etc"}]
    with pytest.raises(ConfigInvalid) as caught:
        check_config(RunConfig().model_dump(mode="json") | {"rewards": rewards})
    assert list(caught.value.errors) == ["rewards.pick_score-2.source"]


def test_a_copy_of_a_run_with_two_judges_loses_nothing(member, lab):
    config = RunConfig(rewards=JUDGES)
    run = add_run(lab.experiment, config=config.model_dump(mode="json"))
    address = reverse("run_new", args=[lab.experiment.id])
    fields = fields_of(member.get(address, {"like": str(run.id)}).text)
    assert member.post(address, fields | {"name": ["Copy"]}).status_code == 302
    assert RunConfig.model_validate(Run.objects.get(name="Copy").config) == config


def test_rewards_are_added_and_removed_by_buttons_and_nothing_typed_is_lost(member, lab):
    address = reverse("run_new", args=[lab.experiment.id])
    fields = fields_of(member.get(address).text) | {"config.seed": ["many"], "name": ["Typed"]}
    for _ in range(2):
        response = member.post(address, fields | adding("http"))
        assert response.status_code == 200 and "Not submitted" not in response.text
        fields = fields_of(response.text)
    assert fields["config.rewards"][2:] == ["http", "http-2"]
    fields["config.rewards.http-2.url"] = ["http://two/"]
    page = member.post(address, fields | removing("http")).text
    fields = fields_of(page)
    assert (fields["config.rewards"][2:], fields["config.rewards.http.url"]) == (["http"], ["http://two/"])
    assert (fields["config.seed"], fields["name"]) == (["many"], ["Typed"])
    # Nothing of this is a run yet, and the rewards are open to be seen.
    assert not lab.experiment.runs.exists() and re.search(
        r'<details open>\s*<summary>\s*<span class="section-name">Rewards', page
    )
    part = member.post(address, fields | adding("ocr"), HTTP_HX_REQUEST="true").text
    assert "<html" not in part and 'name="config.rewards.ocr.weight"' in part
