"""Items and their versions: made, kept as they are, archived, and deleted only where nobody used them."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import RestrictedError

from catalog.contents import model_content, prompts_content, rewards_content
from catalog.models import Item, PromptText, Role, Use, Version
from catalog.services import add_sandbox, add_version, create_item, delete_version, set_archived
from flowdppo_engine.prompts import load_prompts
from teams.models import AuditEntry, Team
from tests.platform.lab import add_run

CATS, MORE_CATS = prompts_content("a cat"), prompts_content("a cat\ntwo cats")


@pytest.fixture
def cats(lab) -> Version:
    return create_item(lab.member, lab.team, "Cats", CATS, "for a start")


def use(lab, version: Version) -> Use:
    return Use.objects.create(run=add_run(lab.experiment), version=version, role=Role.TRAIN)


def test_an_item_begins_with_its_first_version(lab, cats):
    assert (cats.item.kind, cats.number, cats.note, cats.created_by) == ("prompts", 1, "for a start", lab.member)
    assert cats.prompt_text.text == "a cat\n" and cats.content["num_prompts"] == 1
    assert cats.reference == f"prompts/cats-v1.{CATS.sha256[:16]}.txt"


def test_the_next_version_leaves_the_first_as_it_was(lab, cats):
    second = add_version(lab.owner, cats.item, MORE_CATS, "two")
    assert (second.number, second.created_by, str(second)) == (2, lab.owner, "Cats v2")
    assert [version.prompt_text.text for version in cats.item.versions.all()] == ["a cat\ntwo cats\n", "a cat\n"]


def test_a_version_never_changes(cats):
    cats.note = "better"
    with pytest.raises(TypeError, match="Cats v1 never changes"):
        cats.save()


def test_no_version_without_a_change(lab, cats):
    with pytest.raises(ValidationError, match="Nothing has changed since v1"):
        add_version(lab.member, cats.item, prompts_content("a cat\n\na cat\n"))
    assert cats.item.versions.count() == 1


def test_a_name_is_taken_once_for_each_kind_and_team(lab, cats):
    with pytest.raises(ValidationError) as caught:
        create_item(lab.member, lab.team, "Cats", MORE_CATS)
    assert caught.value.message_dict == {"name": ["“Cats” is a prompt set of Lab already: give another name."]}
    create_item(lab.member, lab.team, "Cats", rewards_content([{"name": "ocr"}]))
    create_item(lab.stranger, Team.objects.get(name="Elsewhere"), "Cats", CATS)
    assert Item.objects.filter(name="Cats").count() == 3


def test_what_was_used_stays(lab, cats):
    use(lab, cats)
    with pytest.raises(ValidationError, match="v1 stays: a run has used it. Archive the item"):
        delete_version(lab.owner, cats)
    with pytest.raises(RestrictedError), transaction.atomic():
        cats.delete()
    use(lab, cats)
    with pytest.raises(ValidationError, match="2 runs have used it"):
        delete_version(lab.owner, cats)


def test_what_nobody_used_can_go_and_its_number_does_not_come_again(lab, cats):
    second = add_version(lab.member, cats.item, MORE_CATS)
    assert delete_version(lab.member, second) == cats.item
    assert add_version(lab.member, cats.item, MORE_CATS).number == 3
    for version in cats.item.versions.all():
        left = delete_version(lab.member, version)
    assert left is None and not Item.objects.exists() and not PromptText.objects.exists()


def test_a_team_can_go_with_runs_and_what_they_used(lab, cats):
    use(lab, cats)
    lab.team.delete()
    assert not Use.objects.exists() and not Version.objects.exists()


def test_the_archive_and_back(lab, cats):
    set_archived(lab.member, cats.item, True)
    set_archived(lab.member, cats.item, True)
    assert Item.objects.get().archived_at
    set_archived(lab.member, cats.item, False)
    assert Item.objects.get().archived_at is None


def test_deeds_are_told(lab, cats):
    second = add_version(lab.member, cats.item, MORE_CATS)
    set_archived(lab.owner, cats.item, True)
    set_archived(lab.owner, cats.item, True)
    delete_version(lab.owner, second)
    assert [str(entry) for entry in AuditEntry.objects.filter(team=lab.team)][:4] == [
        "owner@example.org deleted v2 of prompt set “Cats”",
        "owner@example.org archived prompt set “Cats”",
        "member@example.org made v2 of prompt set “Cats”",
        "member@example.org made prompt set “Cats”",
    ]


@pytest.mark.parametrize("person", ["viewer", "stranger"])
def test_only_writers_change_anything(lab, cats, person):
    user = getattr(lab, person)
    for deed in (
        lambda: create_item(user, lab.team, "Dogs", MORE_CATS),
        lambda: add_version(user, cats.item, MORE_CATS),
        lambda: set_archived(user, cats.item, True),
        lambda: delete_version(user, cats),
        lambda: add_sandbox(user, lab.team),
    ):
        with pytest.raises(PermissionDenied):
            deed()
    assert list(Version.objects.all()) == [cats] and Item.objects.get().archived_at is None


def test_the_sandbox_in_the_catalogue_is_the_engines_own(lab):
    create_item(lab.member, lab.team, "Sandbox", model_content({"family": "sd3", "source": "owner/other"}))
    made = add_sandbox(lab.member, lab.team)
    assert [(one.item.kind, one.item.name, one.reference) for one in made] == [
        ("prompts", "Sandbox, train", "sandbox:train"),
        ("prompts", "Sandbox, in domain", "sandbox:in_domain"),
        ("prompts", "Sandbox, out of domain", "sandbox:out_of_domain"),
        ("rewards", "Sandbox", ""),
    ]
    assert [one.content["num_prompts"] for one in made[:3]] == [len(load_prompts(one.reference)) for one in made[:3]]
    assert add_sandbox(lab.member, lab.team) == []
