"""Who is in a team: owners decide, anybody may leave, one owner stays."""

import threading

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from runs.services import submit_run
from teams import members
from teams.invitations import find_by_text, invite
from teams.models import AuditEntry, Membership, Role
from teams.selectors import is_owner, may_write, teams_of
from teams.services import create_team, create_user, set_role
from tests.platform.lab import CONFIG, make_lab


def membership_of(lab, user) -> Membership:
    return Membership.objects.get(team=lab.team, user=user)


def test_an_owner_changes_roles_and_removes(lab):
    members.change_role(lab.owner, membership_of(lab, lab.viewer), Role.MEMBER)
    assert may_write(lab.viewer, lab.team.id)
    members.remove_member(lab.owner, membership_of(lab, lab.viewer))
    assert not teams_of(lab.viewer).exists()
    told = AuditEntry.objects.filter(team=lab.team).values_list("verb", "object", "detail")[:2]
    assert list(told) == [
        ("removed", "viewer@example.org", "was member"),
        ("changed the role of", "viewer@example.org", "viewer to member"),
    ]


@pytest.mark.parametrize("name", ["member", "viewer", "stranger"])
def test_nobody_else_does(name, lab):
    actor, theirs = getattr(lab, name), membership_of(lab, lab.member)
    with pytest.raises(PermissionDenied):
        members.change_role(actor, theirs, Role.OWNER)
    with pytest.raises(PermissionDenied):
        members.remove_member(actor, theirs)
    assert membership_of(lab, lab.member).role == Role.MEMBER


def test_the_last_owner_stays(lab):
    own = membership_of(lab, lab.owner)
    for way_out in (
        lambda: members.leave_team(lab.owner, lab.team),
        lambda: members.remove_member(lab.owner, own),
        lambda: members.change_role(lab.owner, own, Role.VIEWER),
    ):
        with pytest.raises(ValidationError, match="make somebody else an owner first"):
            way_out()
    set_role(lab.team, lab.member, Role.OWNER)
    members.leave_team(lab.owner, lab.team)
    assert not teams_of(lab.owner).contains(lab.team) and is_owner(lab.member, lab.team.id)


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_leave_at_once_leave_one_behind():
    lab = make_lab()
    set_role(lab.team, lab.member, Role.OWNER)
    refused = []

    def leave(user):
        try:
            members.leave_team(user, lab.team)
        except ValidationError:
            refused.append(user)
        finally:
            connection.close()

    threads = [threading.Thread(target=leave, args=[user]) for user in (lab.owner, lab.member)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert Membership.objects.get(team=lab.team, role=Role.OWNER).user == refused[0]


def test_who_gives_up_ownership_leaves_no_open_link(lab):
    set_role(lab.team, lab.member, Role.OWNER)
    text = invite(lab.member, lab.team, Role.MEMBER, num_days=1, max_uses=1).text
    members.change_role(lab.owner, membership_of(lab, lab.member), Role.VIEWER)
    assert find_by_text(text) is None


def test_a_person_is_in_several_teams_with_a_role_in_each(lab):
    second = create_team("Second", lab.viewer)
    assert list(teams_of(lab.viewer)) == [lab.team, second]
    assert (may_write(lab.viewer, second.id), may_write(lab.viewer, lab.team.id)) == (True, False)


def test_teams_may_share_a_name_and_need_no_latin_letter(lab):
    slugs = [create_team(name, lab.owner).slug for name in ("Lab", "Lab", "研究", "研究")]
    assert slugs == ["lab-2", "lab-3", "team", "team-2"]


def test_a_viewer_submits_nothing_and_nothing_is_logged(lab):
    with pytest.raises(PermissionDenied):
        submit_run(lab.viewer, lab.experiment, "mine", "sandbox-smoke", CONFIG)
    assert not AuditEntry.objects.filter(user=lab.viewer).exists()


def test_pages_of_a_team(lab, as_person):
    owner, viewer = as_person(lab.owner), as_person(lab.viewer)
    address = reverse("team", args=[lab.team.id])
    assert "Make a link" in owner.get(address).text and "Make a link" not in viewer.get(address).text
    membership = membership_of(lab, lab.member)
    role = reverse("member_role", args=[lab.team.id, membership.id])
    assert owner.post(role, {"role": "viewer"}).status_code == 302
    assert membership_of(lab, lab.member).role == Role.VIEWER
    assert owner.post(role, {"role": "king"}).status_code == 422
    refused = owner.post(reverse("team_leave", args=[lab.team.id]))
    assert refused.status_code == 422 and "make somebody else an owner first" in refused.text
    assert owner.post(reverse("member_remove", args=[lab.team.id, membership.id])).status_code == 302
    assert not teams_of(lab.member).exists()


def test_making_a_team(lab, as_person):
    stranger = as_person(lab.stranger)
    assert stranger.post(reverse("team_new"), {"name": ""}).status_code == 422
    answer = stranger.post(reverse("team_new"), {"name": "Video"}, follow=True)
    assert "Video" in answer.text and lab.stranger.teams.filter(name="Video").exists()
    assert "Video" in stranger.get(reverse("teams")).text


def test_pages_make_no_more_queries_as_rows_grow(lab, as_person):
    owner = as_person(lab.owner)
    addresses = [reverse("teams"), reverse("team", args=[lab.team.id])]
    with_few = [count_queries(owner, address) for address in addresses]
    for number in range(5):
        set_role(create_team(f"Team {number}", lab.owner), lab.member, Role.VIEWER)
        set_role(lab.team, make_person(number), Role.MEMBER)
        invite(lab.owner, lab.team, Role.MEMBER, num_days=1, max_uses=1)
    assert [count_queries(owner, address) for address in addresses] == with_few


def make_person(number: int):
    return create_user(f"person{number}@example.org", "a long password")


def count_queries(client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)
