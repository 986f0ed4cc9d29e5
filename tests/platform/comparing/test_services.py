"""Comparisons that are saved for a team."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from comparing.looking import Looking
from comparing.models import Comparison
from comparing.selectors import comparisons_before, visible_comparisons
from comparing.services import ComparisonInvalid, change_comparison, delete_comparison, save_comparison, team_of
from pictures.models import Drawing
from pictures.policies import PolicyRef
from pictures.refs import Ref, ref_of
from teams.models import AuditEntry, Role
from teams.services import create_team, set_role
from tests.platform.lab import Lab, add_run, add_sample
from tests.platform.pictures.easel import add_drawing

pytestmark = pytest.mark.django_db


@pytest.fixture
def looking(lab: Lab) -> Looking:
    run = add_run(lab.experiment)
    return Looking(policies=(PolicyRef(run.id, 8),), items=(ref_of(add_sample(run, 8)),), zoom=2.5, mode="wipe")


def test_what_was_saved_is_what_is_seen_by_the_team_alone(lab, looking):
    saved = save_comparison(lab.member, " Eight ", "Sharper.", looking)
    found = visible_comparisons(lab.viewer).get()
    assert (found, found.looking, found.name, found.notes) == (saved, looking, "Eight", "Sharper.")
    assert not visible_comparisons(lab.stranger).exists()
    entry = AuditEntry.objects.latest("id")
    assert (entry.verb, entry.object, entry.team) == ("saved", "comparison “Eight”", lab.team)


def test_it_can_be_renamed_and_shown_otherwise(lab, looking):
    saved = save_comparison(lab.member, "Eight", "", looking)
    change_comparison(lab.owner, saved, "Zoomed out", "See the edge.")
    saved.refresh_from_db()
    assert (saved.name, saved.notes, saved.looking) == ("Zoomed out", "See the edge.", looking)
    whole = Looking(policies=looking.policies)
    change_comparison(lab.owner, saved, "Zoomed out", "", whole)
    assert Comparison.objects.get().looking == whole


def test_deleting_it_leaves_its_pictures(lab, looking):
    saved = save_comparison(lab.member, "Eight", "", looking)
    delete_comparison(lab.member, saved)
    assert not Comparison.objects.exists() and team_of(lab.member, looking) == lab.team
    assert AuditEntry.objects.latest("id").verb == "deleted"


def test_pictures_of_the_playground_that_it_shows_stay(lab):
    run, tomorrow = add_run(lab.experiment), timezone.now() + timedelta(days=1)
    shown, in_grid, other = (
        add_drawing(run, iteration, prompt=f"at {iteration}", expires_at=tomorrow) for iteration in (0, 8, 16)
    )
    items, grid = Looking(items=(ref_of(shown),)), Looking(policies=(PolicyRef(run.id, 8),))
    with pytest.raises(PermissionDenied):
        save_comparison(lab.viewer, "One", "", items)
    assert not Drawing.objects.filter(expires_at=None).exists()
    saved = save_comparison(lab.member, "One", "", items)
    assert [*Drawing.objects.filter(expires_at=None)] == [shown]
    change_comparison(lab.member, saved, "One", "Other words.")
    change_comparison(lab.member, saved, "Eight", "", grid)
    assert [*Drawing.objects.filter(expires_at=None)] == [shown, in_grid]
    assert Drawing.objects.get(id=other.id).expires_at == tomorrow


def test_viewers_and_strangers_change_nothing(lab, looking):
    saved = save_comparison(lab.member, "Eight", "", looking)
    for user in (lab.viewer, lab.stranger):
        with pytest.raises(PermissionDenied):
            change_comparison(user, saved, "Mine", "")
        with pytest.raises(PermissionDenied):
            delete_comparison(user, saved)
    with pytest.raises(PermissionDenied):
        save_comparison(lab.viewer, "Mine", "", looking)
    with pytest.raises(ComparisonInvalid, match="not there any more"):
        save_comparison(lab.stranger, "Mine", "", looking)
    assert Comparison.objects.get().name == "Eight"


def test_it_is_of_one_team(lab, looking):
    mine = create_team("Mine", lab.member)
    drawing = add_drawing(add_run(lab.experiment), team=mine)
    drawing.run = None
    drawing.save()
    both = Looking(policies=looking.policies, items=(ref_of(drawing),))
    with pytest.raises(ComparisonInvalid, match="several teams: save what is of one team"):
        save_comparison(lab.member, "Both", "", both)
    saved = save_comparison(lab.member, "Mine", "", Looking(items=(ref_of(drawing),)))
    assert saved.team == mine
    with pytest.raises(ComparisonInvalid, match="not of the team Mine: save it as a new one"):
        change_comparison(lab.member, saved, "Mine", "", looking)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": "  "}, "Name is empty"),
        ({"name": "x" * 121}, "Name has 121 letters: at most 120"),
        ({"notes": "x" * 20_001}, "Notes have 20001 letters"),
        ({"looking": Looking()}, "Nothing is compared yet"),
        ({"looking": Looking(items=(Ref("d", 10**9),))}, "not there any more: take out what is missing"),
    ],
)
def test_what_cannot_be_kept_is_told(values, said, lab, looking):
    with pytest.raises(ComparisonInvalid, match=said):
        save_comparison(lab.member, **{"name": "Eight", "notes": "", "looking": looking, **values})
    assert not Comparison.objects.exists()


def test_the_list_goes_on_before_the_last_one_that_was_shown(lab, looking):
    saved = [save_comparison(lab.member, str(number), "", looking) for number in range(3)]
    assert [one.name for one in comparisons_before(lab.viewer)] == ["2", "1", "0"]
    assert [one.name for one in comparisons_before(lab.viewer, saved[1].id)] == ["0"]


def test_who_left_the_team_sees_it_no_more(lab, looking):
    save_comparison(lab.member, "Eight", "", looking)
    set_role(lab.team, lab.stranger, Role.VIEWER)
    assert visible_comparisons(lab.stranger).count() == 1
    lab.team.memberships.filter(user=lab.stranger).delete()
    assert visible_comparisons(lab.stranger).count() == 0
