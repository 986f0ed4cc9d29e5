"""A prompt set of the catalogue as a file: for the checks of a configuration, and for the engine."""

import stat

import pytest
import yaml

from catalog.contents import prompts_content
from catalog.models import Version
from catalog.prompt_files import is_reference, lay, name_of, path_of, reference_of
from catalog.services import create_item
from flowdppo_engine.config import RunConfig
from flowdppo_engine.prompts import ROOT_VARIABLE, load_prompts
from runs.config_errors import ConfigInvalid, check_config
from runs.plans import plan_of
from worker import engine

CONFIG = RunConfig(rewards=[{"name": "jpeg_compressibility"}]).model_dump(mode="json")


@pytest.fixture
def cats(lab, settings, tmp_path) -> Version:
    settings.PROMPTS_DIR = tmp_path / "data" / "prompts"
    return create_item(lab.member, lab.team, "Cats & dogs", prompts_content("a cat\ntwo dogs"))


def referring_to(source: str) -> dict:
    return CONFIG | {"prompts": {"train": source}, "evaluation": CONFIG["evaluation"] | {"prompt_sets": [source]}}


@pytest.mark.parametrize("name", ["Cats & dogs", "猫", "x" * 300])
def test_what_a_reference_is_called_is_known_again(name):
    assert is_reference(reference_of(name, 12, "0123456789abcdef" * 4, "jsonl"))


@pytest.mark.parametrize(
    "source",
    ["prompts/cats.txt", "prompts/../cats-v1.0123456789abcdef.txt", "sandbox:train", "a/b-v1.txt", ""],
)
def test_other_sources_are_none(source):
    assert not is_reference(source)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("prompts/cats-v2.0123456789abcdef.txt", "cats-v2"),
        ("sandbox:in_domain", "in_domain"),
        ("/a/b/hard.txt", "hard.txt"),
    ],
)
def test_prompt_sets_have_short_names(source, name):
    assert name_of(source) == name


def test_a_file_is_laid_when_it_is_first_needed_whole_and_readable_for_others(cats):
    assert not path_of(cats.reference).exists()
    lay([cats.reference, "sandbox:train", "prompts/unknown-v1.0123456789abcdef.txt"])
    path = path_of(cats.reference)
    assert [prompt.text for prompt in load_prompts(str(path))] == ["a cat", "two dogs"]
    assert list(path.parent.iterdir()) == [path] and path.stat().st_mode & stat.S_IROTH


def test_a_file_that_is_there_needs_no_query(cats, django_assert_num_queries):
    lay([cats.reference])
    with django_assert_num_queries(0):
        lay([cats.reference])


def test_a_configuration_keeps_the_reference_which_is_the_same_on_every_machine(cats):
    checked = check_config(referring_to(cats.reference))
    assert checked.prompts.train == cats.reference and checked.evaluation.prompt_sets == (cats.reference,)
    assert check_config(checked.model_dump(mode="json")) == checked


def test_what_rewards_ask_of_prompts_is_asked_of_the_catalogues_too(cats):
    with pytest.raises(ConfigInvalid) as caught:
        check_config(referring_to(cats.reference) | {"rewards": [{"name": "ocr"}]})
    assert "2 of 2 prompts have no text in quotes for ocr" in caught.value.errors["prompts.train"][0]


def test_a_plan_counts_the_prompts_of_the_set(cats):
    small = plan_of(referring_to(cats.reference))
    large = plan_of(referring_to("sandbox:train"))
    assert small.facts[1] != large.facts[1]


def test_a_reference_to_nothing_is_told_at_its_field(cats):
    with pytest.raises(ConfigInvalid) as caught:
        check_config(CONFIG | {"prompts": {"train": "prompts/gone-v1.0123456789abcdef.txt"}})
    assert "was not found" in caught.value.errors["prompts.train"][0]


def test_the_engine_finds_the_prompts_of_the_configuration_that_it_is_given(cats, tmp_path, monkeypatch):
    engine.write_config(tmp_path / "run", referring_to(cats.reference))
    given = yaml.safe_load((tmp_path / "run" / engine.CONFIG_FILE).read_text())
    monkeypatch.setenv(ROOT_VARIABLE, engine.environment()[ROOT_VARIABLE])
    assert [prompt.text for prompt in load_prompts(given["prompts"]["train"])] == ["a cat", "two dogs"]
    assert given["evaluation"]["prompt_sets"] == [cats.reference]
