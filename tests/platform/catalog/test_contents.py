"""Base models and rewards are judged by the engine's own models, in its own words."""

import pytest
import yaml

from catalog.contents import block_of, model_content, rewards_content, summary_of
from flowdppo_engine.config import RunConfig
from runs.config_errors import ConfigInvalid

JUDGE = {"name": "vlm_judge", "url": "http://127.0.0.1:8000/v1", "model": "m"}


def test_a_base_model_is_family_source_and_revision():
    content = model_content({"family": "flux1", "source": "owner/flux", "revision": "", "dtype": "bfloat16"})
    assert content.data == {"family": "flux1", "source": "owner/flux", "revision": None}
    assert summary_of("model", content.data) == "flux1 · owner/flux"


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        ({"family": "sd9"}, "model.family", "“sd9” is not in the list: choose sd3 or flux1"),
        ({"source": ""}, "model.source", "Empty: give a text."),
        ({"source": "/etc"}, "model.source", "“/etc” is no model: give sandbox, a hub id"),
        ({"source": "sandbox"}, "model.family", "model.family = 'wan': the sandbox's base model is an sd3"),
    ],
)
def test_a_wrong_base_model_is_told_at_its_field(change, path, message):
    with pytest.raises(ConfigInvalid) as caught:
        model_content({"family": "wan", "source": "owner/wan", "revision": None} | change)
    assert list(caught.value.errors) == [path] and caught.value.errors[path][0].startswith(message)


@pytest.mark.parametrize("family", ["sd3", "flux1", "flux2", "flux2_klein", "qwen_image", "z_image", "wan"])
def test_every_family_can_be_in_the_catalogue(family):
    assert model_content({"family": family, "source": "owner/name"}).data["family"] == family


def test_rewards_are_kept_whole_and_come_as_a_block_of_a_configuration():
    content = rewards_content([{"name": "pick_score", "weight": 0.5}, JUDGE | {"label": "judge"}])
    block = yaml.safe_load(content.file)
    assert RunConfig(**block).model_dump(mode="json")["rewards"] == content.data
    assert summary_of("rewards", content.data) == "pick_score × 0.5 · judge × 1"


@pytest.mark.parametrize(
    ("blocks", "path", "message"),
    [
        ([], "rewards", "Choose at least one."),
        (["pick_score"], "rewards", "Each reward is a block of fields"),
        ([{"name": "magic"}], "rewards", "Choose one of the list."),
        (
            [{"name": "pick_score", "weight": "much"}],
            "rewards.pick_score.weight",
            "“much” does not fit: give a number.",
        ),
        ([{"name": "pick_score", "weight": 0}], "rewards", "rewards: every weight is 0"),
        ([{"name": "ocr"}, {"name": "ocr"}], "rewards", "rewards: 'ocr' stands twice"),
        ([JUDGE, JUDGE | {"label": "b", "url": "ftp://x"}], "rewards.vlm_judge-2.url", "“ftp://x”"),
        ([{"name": "hpsv2", "source": "/etc"}], "rewards.hpsv2.source", "“/etc” is no model"),
        ([{"name": "ocr", "label": f"l{number}"} for number in range(51)], "rewards", "51 rewards are too many"),
    ],
)
def test_wrong_rewards_are_told_at_their_field(blocks, path, message):
    with pytest.raises(ConfigInvalid) as caught:
        rewards_content(blocks)
    assert list(caught.value.errors) == [path] and caught.value.errors[path][0].startswith(message)


def test_rewards_are_judged_apart_from_any_prompts():
    """OCR asks for quoted text in each prompt, which the default run's prompts do not have."""
    assert rewards_content([{"name": "ocr"}]).data[0]["name"] == "ocr"


@pytest.mark.parametrize("kind", ["model", "rewards"])
def test_what_a_run_has_is_the_same_content(kind):
    config = RunConfig()
    data = config.model_dump(mode="json")
    made = model_content(data["model"]) if kind == "model" else rewards_content(data["rewards"])
    assert block_of(kind, config) == made
