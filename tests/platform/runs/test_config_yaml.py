"""The form as YAML, and what is wrong with YAML by line."""

import pytest

from flowdppo_engine.config import RunConfig
from flowdppo_engine.recipes import list_recipes, load_recipe
from runs.config_errors import ConfigInvalid, check_config
from runs.config_texts import data_of, texts_of
from runs.config_yaml import YamlInvalid, problems_of, texts_of_yaml, yaml_of

DEFAULT = texts_of(RunConfig().model_dump(mode="json"))


def problems(text: str) -> list[tuple[int, str]]:
    with pytest.raises(YamlInvalid) as caught:
        texts_of_yaml(text, {})
    return [(problem.line, problem.message) for problem in caught.value.problems]


@pytest.mark.parametrize("name", [recipe.name for recipe in list_recipes()][::6])
def test_a_recipe_survives_yaml(name):
    texts = texts_of(load_recipe(name).model_dump(mode="json"))
    assert texts_of_yaml(yaml_of(texts), texts) == texts


def test_what_is_left_out_has_its_default_as_on_the_command_line():
    assert texts_of_yaml("seed: 7", {}) == DEFAULT | {"seed": ["7"]}


def test_variants_that_are_not_chosen_keep_what_was_typed_into_them():
    typed = DEFAULT | {"trust_region.ratio_clip.clip_range": ["0.5"], "lora.rank": ["3"]}
    back = texts_of_yaml(yaml_of(typed).replace("rank: 3", "rank: 4"), typed)
    assert back["trust_region.ratio_clip.clip_range"] == ["0.5"]
    assert back["lora.rank"] == ["4"]


def test_what_does_not_fit_stands_in_the_yaml_as_it_was_typed():
    text = yaml_of(DEFAULT | {"lora.rank": ["many"], "optimizer.lr": ["1e-5"], "lora.alpha": [""]})
    assert "rank: many" in text and "lr: 1.0e-05" in text and "alpha: ''" in text
    assert "seed: 0\n" in text


def test_problems_are_told_by_line_in_the_engines_words():
    assert problems("seed: 1\nlora:\n  rank: many\n  rnk: 2\n") == [
        (3, "“many” does not fit: give a whole number from 1 to 512."),
        (4, "There is no knob lora.rnk: remove it."),
    ]
    assert problems("trust_region:\n  name: divergence_mask\n  threshold: {value: x, scale: nats}\n") == [
        (3, "“x” does not fit: give a number above 0.")
    ]
    rewards = "rewards:\n- name: sandbox_soft_tifa\n- name: http\n- name: http\n  label: b\n  timeout_seconds: soon\n"
    found = dict(problems(rewards))
    assert found[6].startswith("“soon” does not fit")
    assert found[3] == found[4] == "Empty: give a text."


def test_a_combination_stands_at_its_field():
    text = "rollout:\n  dynamics:\n    name: cps\n    noise_level: 1.5\n"
    assert (4, "rollout.dynamics.noise_level = 1.5 is past the end of CPS: give at most 1.") in problems(text)


def test_files_that_are_missing_are_told_at_their_line():
    text = yaml_of(DEFAULT).replace("train: sandbox:train", "train: sandbox:nothing")
    with pytest.raises(ConfigInvalid) as caught:
        check_config(data_of(texts_of_yaml(text, {})))
    (problem,) = problems_of(text, caught.value.errors)
    assert text.splitlines()[problem.line - 1].strip() == "train: sandbox:nothing"


@pytest.mark.parametrize(
    ("text", "line", "start"),
    [
        ("seed: [1", 1, "It is not YAML: while parsing a flow sequence"),
        ("a: 1\n  b: 2", 2, "It is not YAML"),
        ("", 1, "It is no mapping of fields to values"),
        ("- 1", 1, "It is no mapping of fields to values"),
        ("seed: 1\nlora: &a {rank: 2}\nema: *a", 3, "It has the alias *a"),
        ("seed: 1\niterations: 2\nseed: 3", 3, "seed stands here twice"),
        ("seed: 1\nrewards: 3", 2, "Give a list of blocks"),
        ("seed: 1\nrewards: [a]", 2, "Give a list of blocks"),
        ("x" * 100_001, 1, "It has 100,001 characters"),
        ("[" * 5000, 1, "It "),
        ('seed: "\\uD800"', 1, "It cannot be read"),
        ("? [1, 2]\n: 3", 1, "It "),
        ("1: 2", 1, ""),
    ],
)
def test_what_is_no_configuration_is_refused_with_its_line(text, line, start):
    found = problems(text)
    assert found[0][0] == line and found[0][1].startswith(start)
