"""A configuration as texts, and back."""

import pytest

from flowdppo_engine.config import RunConfig
from flowdppo_engine.recipes import list_recipes, load_recipe, read_config
from runs.config_texts import as_yaml, data_of, format_number, texts_of

RECIPES = [recipe.name for recipe in list_recipes()]


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_survives_the_form(name):
    recipe = load_recipe(name)
    assert RunConfig.model_validate(data_of(texts_of(recipe.model_dump(mode="json")))) == recipe


def test_variants_that_are_not_chosen_show_their_defaults():
    texts = texts_of(RunConfig(trust_region={"name": "ratio_clip", "clip_range": 0.3}).model_dump(mode="json"))
    assert texts["trust_region"] == ["ratio_clip"]
    assert texts["trust_region.ratio_clip.clip_range"] == ["0.3"]
    assert texts["trust_region.divergence_mask.threshold.value"] == ["1e-6"]


def test_the_order_of_rewards_is_kept():
    rewards = [{"name": "sandbox_picture_quality", "weight": 2}, {"name": "sandbox_soft_tifa"}]
    config = RunConfig(rewards=rewards)
    assert RunConfig.model_validate(data_of(texts_of(config.model_dump(mode="json")))).rewards == config.rewards


@pytest.mark.parametrize(
    ("number", "text"),
    [(1e-6, "1e-6"), (0.8, "0.8"), (32.0, "32"), (1, "1"), (1.5e-7, "1.5e-7"), (1e16, "1e16"), (0.0001, "0.0001")],
)
def test_numbers_are_written_as_people_type_them(number, text):
    assert format_number(number) == text
    assert float(text) == number


def test_texts_become_values_without_blanks_around_them():
    texts = texts_of(RunConfig().model_dump(mode="json"))
    texts |= {
        "lora.rank": [" 8 "],
        "model.revision": [" "],
        "evaluation.prompt_sets": ["sandbox:in_domain\r\n\r\n  sandbox:out_of_domain \r\n"],
        "rollout.shared_initial_noise": ["on"],
    }
    config = RunConfig.model_validate(data_of(texts))
    assert (config.lora.rank, config.model.revision, config.rollout.shared_initial_noise) == (8, None, True)
    assert config.evaluation.prompt_sets == ("sandbox:in_domain", "sandbox:out_of_domain")


def test_a_character_that_the_database_cannot_keep_becomes_visible():
    texts = texts_of(RunConfig().model_dump(mode="json")) | {"model.source": ["sand\0box"]}
    assert data_of(texts)["model"]["source"] == "sand\ufffdbox"


def test_yaml_reads_as_the_command_line_reads_it(tmp_path):
    recipe = load_recipe("sandbox-smoke")
    path = tmp_path / "config.yaml"
    path.write_text(as_yaml(recipe.model_dump(mode="json")))
    assert read_config(path) == recipe


def test_a_configuration_of_another_release_is_shown_as_it_was_stored():
    assert as_yaml({"seed": 1, "knob_of_old": {"b": 2}}) == "knob_of_old:\n  b: 2\nseed: 1\n"
