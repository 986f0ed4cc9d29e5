"""The catalogue by name, as a program asks for it."""

import pytest

from catalog.contents import model_content, prompts_content, rewards_content
from catalog.models import Version
from catalog.resolving import resolve
from catalog.services import add_version, create_item
from flowdppo_engine.config import RunConfig
from flowdppo_engine.recipes import merge, recipe_fields
from runs.config_errors import ConfigInvalid
from teams.models import Team


@pytest.fixture
def mix(lab) -> list[Version]:
    first = create_item(lab.member, lab.team, "Mix", rewards_content([{"name": "ocr"}]))
    return [first, add_version(lab.member, first.item, rewards_content([{"name": "hpsv2"}]))]


@pytest.fixture
def cats(lab) -> Version:
    return create_item(lab.member, lab.team, "Cats", prompts_content('a cat with a "hat"'))


def test_names_become_fields_of_a_configuration(lab, mix, cats):
    model = create_item(lab.member, lab.team, "Mine", model_content({"family": "sd3", "source": "me/sd3"}))
    found = resolve(
        lab.viewer, lab.team, {"rewards": "Mix@1", "train": "Cats", "evaluation": ["Cats@1"], "model": "Mine"}
    )
    assert found.versions == (mix[0], cats, cats, model)
    config = RunConfig.model_validate(merge(recipe_fields("sandbox-smoke"), found.fields))
    assert (config.model.source, config.model.dtype) == ("me/sd3", "float32")
    assert [reward.name for reward in config.rewards] == ["ocr"]
    assert (config.prompts.train, config.evaluation.prompt_sets) == (cats.reference, (cats.reference,))


def test_without_a_number_it_is_the_newest(lab, mix):
    assert resolve(lab.member, lab.team, {"rewards": "Mix"}).versions == (mix[1],)


def test_a_name_may_look_like_one_with_a_number(lab, mix):
    odd = create_item(lab.member, lab.team, "Mix@1", rewards_content([{"name": "aesthetic"}]))
    assert resolve(lab.member, lab.team, {"rewards": "Mix@1"}).versions == (odd,)
    assert resolve(lab.member, lab.team, {"rewards": "Mix@1@1"}).versions == (odd,)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"reward": "Mix"}, "There is no role “reward”: choose model, train, evaluation, rewards."),
        ({"train": ["Cats", "Cats"]}, "2 names: give one."),
        ({"rewards": "Cats"}, "Lab has no reward config “Cats”: look its name up in the catalogue."),
        ({"rewards": "Mix@9"}, "“Mix” has no version 9: its newest is 2."),
        ({"train": "Theirs"}, "Lab has no prompt set “Theirs”: look its name up in the catalogue."),
    ],
)
def test_what_there_is_not_is_told_at_its_role(lab, mix, cats, wanted, message):
    create_item(lab.stranger, Team.objects.get(name="Elsewhere"), "Theirs", prompts_content("a secret"))
    with pytest.raises(ConfigInvalid) as caught:
        resolve(lab.member, lab.team, wanted)
    assert caught.value.errors == {f"catalogue.{next(iter(wanted))}": [message]}


def test_a_stranger_finds_nothing(lab, mix):
    with pytest.raises(ConfigInvalid, match="has no reward config “Mix”"):
        resolve(lab.stranger, lab.team, {"rewards": "Mix"})
