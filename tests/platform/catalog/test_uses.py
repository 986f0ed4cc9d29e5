"""Which versions a run was submitted with."""

import pytest

from catalog.contents import model_content, prompts_content, rewards_content
from catalog.models import Role, Use, Version
from catalog.services import add_sandbox, add_version, create_item, delete_version, set_archived
from catalog.uses import find_uses
from flowdppo_engine.config import RunConfig
from runs.config_errors import ConfigInvalid
from runs.models import Run
from runs.services import submit_run
from sweeps.axes import Axis
from sweeps.services import add_seeds, make_sweep
from teams.models import Team
from tests.platform.lab import CONFIG

QUALITY = [{"name": "jpeg_compressibility", "weight": 2.0}]


@pytest.fixture
def cats(lab, settings, tmp_path) -> Version:
    settings.PROMPTS_DIR = tmp_path / "prompts"
    return create_item(lab.member, lab.team, "Cats", prompts_content("a cat\ntwo cats"))


@pytest.fixture
def quality(lab) -> Version:
    return create_item(lab.member, lab.team, "Quality", rewards_content(QUALITY))


def submit(lab, picked=(), **changes) -> list[tuple]:
    run = submit_run(lab.member, lab.experiment, "run", "", CONFIG | changes, picked=picked)
    return [(use.role, use.version, use.num_changes) for use in Use.objects.filter(run=run).order_by("id")]


def test_the_sandboxs_run_uses_the_sandboxs_things(lab):
    model, train, inside, outside, rewards = add_sandbox(lab.owner, lab.team)
    assert submit(lab) == [
        (Role.TRAIN, train, 0),
        (Role.EVALUATION, inside, 0),
        (Role.EVALUATION, outside, 0),
        (Role.MODEL, model, 0),
        (Role.REWARDS, rewards, 0),
    ]


def test_prompt_sets_are_known_by_what_the_configuration_names(lab, cats, quality):
    evaluation = CONFIG["evaluation"] | {"prompt_sets": [cats.reference, "sandbox:in_domain"]}
    found = submit(lab, prompts={"train": cats.reference}, evaluation=evaluation, rewards=QUALITY)
    assert found == [(Role.TRAIN, cats, 0), (Role.EVALUATION, cats, 0), (Role.REWARDS, quality, 0)]


def test_an_earlier_version_stays_the_one_that_was_used(lab, cats):
    add_version(lab.member, cats.item, prompts_content("a dog"))
    assert submit(lab, prompts={"train": cats.reference}, rewards=QUALITY) == [(Role.TRAIN, cats, 0)]


def test_what_was_picked_counts_with_its_changes(lab, quality):
    changed = [{"name": "jpeg_compressibility", "weight": 1.0}, {"name": "sandbox_soft_tifa"}]
    assert submit(lab, [quality], rewards=changed) == [(Role.REWARDS, quality, 2)]
    assert submit(lab, rewards=changed) == []


def test_of_two_that_hold_the_same_the_picked_one_is_used_or_else_the_newest_that_is_not_archived(lab, quality):
    twin = create_item(lab.member, lab.team, "Twin", rewards_content(QUALITY))
    assert submit(lab, rewards=QUALITY) == [(Role.REWARDS, twin, 0)]
    assert submit(lab, [quality], rewards=QUALITY) == [(Role.REWARDS, quality, 0)]
    set_archived(lab.member, twin.item, True)
    assert submit(lab, rewards=QUALITY) == [(Role.REWARDS, quality, 0)]


def test_what_became_another_version_counts_as_that_one(lab, quality):
    newer = add_version(lab.member, quality.item, rewards_content([{"name": "sandbox_soft_tifa"}]))
    assert submit(lab, [quality], rewards=[{"name": "sandbox_soft_tifa"}]) == [(Role.REWARDS, newer, 0)]


def test_the_runs_of_a_sweep_tell_what_was_picked_and_so_do_later_seeds(lab, quality):
    weights = Axis("rewards.0.weight", (2.0, 3.0))
    config = CONFIG | {"rewards": QUALITY}
    sweep = make_sweep(lab.member, lab.experiment, "Weights", "", config, [weights], [0], picked=[quality])
    add_seeds(lab.member, sweep, [1])
    uses = Use.objects.filter(version=quality, role=Role.REWARDS)
    assert sorted(uses.values_list("run__sweep_run__seed", "num_changes")) == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_a_base_model_is_known_by_family_source_and_revision(lab):
    flux = create_item(lab.member, lab.team, "FLUX", model_content({"family": "flux1", "source": "owner/flux"}))
    model = CONFIG["model"] | {
        "family": "flux1",
        "source": "owner/flux",
        "dtype": "bfloat16",
        "max_sequence_length": 256,
    }
    assert [(one.role, one.version) for one in find_uses(lab.team, RunConfig(model=model))] == [(Role.MODEL, flux)]
    other = RunConfig(model=model | {"revision": "v2"})
    assert find_uses(lab.team, other) == [] and find_uses(lab.team, other, [flux])[0].num_changes == 1


def test_another_teams_prompts_cannot_be_used_and_nothing_is_submitted(lab, cats):
    theirs = create_item(lab.stranger, Team.objects.get(name="Elsewhere"), "Theirs", prompts_content("a secret"))
    before = Run.objects.count()
    with pytest.raises(ConfigInvalid) as caught:
        submit(lab, prompts={"train": theirs.reference}, rewards=QUALITY)
    assert caught.value.errors == {
        "prompts.train": [f"“{theirs.reference}” is no prompt set of Lab: choose one of the team's catalogue."]
    }
    assert Run.objects.count() == before


def test_another_teams_pick_does_not_count(lab):
    theirs = create_item(lab.stranger, Team.objects.get(name="Elsewhere"), "Theirs", rewards_content(QUALITY))
    assert submit(lab, [theirs], rewards=QUALITY) == []


def test_what_was_deleted_meanwhile_is_said(lab, quality, monkeypatch):
    """Between finding the version and holding it."""
    from catalog import uses

    find = uses.find_uses

    def find_then_delete(*args):
        found = find(*args)
        delete_version(lab.member, quality)
        return found

    monkeypatch.setattr(uses, "find_uses", find_then_delete)
    with pytest.raises(ConfigInvalid, match="Quality v1: deleted from the catalogue meanwhile"):
        submit(lab, rewards=QUALITY)
