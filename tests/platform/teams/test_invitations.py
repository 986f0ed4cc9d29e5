"""Invitation links: who makes them, whom they let in, how often and how long."""

import re
import threading
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from teams.invitations import find_by_text, invitations_for_owner, invite, join, revoke_invitation
from teams.models import AuditEntry, Invitation, Membership, Role, User
from teams.services import create_user
from tests.platform.lab import PASSWORD, make_lab


@pytest.fixture
def made(lab):
    return invite(lab.owner, lab.team, Role.VIEWER, num_days=1, max_uses=1)


def test_a_link_lets_in_once(lab, made):
    membership = join(lab.stranger, find_by_text(made.text))
    assert (membership.team, membership.role) == (lab.team, Role.VIEWER)
    assert find_by_text(made.text) is None
    assert AuditEntry.objects.first().detail == "as viewer, invited by owner@example.org"


def test_a_link_for_several_counts_each(lab):
    made = invite(lab.owner, lab.team, Role.MEMBER, num_days=1, max_uses=2)
    join(lab.stranger, made.invitation)
    assert find_by_text(made.text).num_uses == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_use_a_link_for_one_at_once_one_gets_in():
    lab = make_lab()
    invitation = invite(lab.owner, lab.team, Role.VIEWER, num_days=1, max_uses=1).invitation
    people = [create_user(f"person{number}@example.org", PASSWORD) for number in range(2)]
    refused = []

    def use(person):
        try:
            join(person, invitation)
        except ValidationError:
            refused.append(person)
        finally:
            connection.close()

    threads = [threading.Thread(target=use, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    invitation.refresh_from_db()
    assert (len(refused), invitation.num_uses) == (1, 1)
    assert Membership.objects.filter(team=lab.team, user__in=people).count() == 1


def test_who_is_in_the_team_stays_what_they_are_and_counts_no_use(lab, made):
    assert join(lab.owner, made.invitation).role == Role.OWNER
    assert find_by_text(made.text).num_uses == 0


def test_expired_revoked_and_used_links_are_closed(lab, made):
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(ValidationError, match="ask an owner"):
        join(lab.stranger, made.invitation)
    second = invite(lab.owner, lab.team, Role.VIEWER, num_days=1, max_uses=1)
    revoke_invitation(lab.owner, second.invitation)
    assert find_by_text(made.text) is find_by_text(second.text) is find_by_text("fdpi_unknown") is None
    assert not Membership.objects.filter(user=lab.stranger, team=lab.team).exists()
    assert not invitations_for_owner(lab.owner, lab.team).exists()


def test_only_a_hash_is_kept(made):
    row = Invitation.objects.values().get()
    assert not any(made.text in str(value) for value in row.values()) and made.text not in repr(made)


@pytest.mark.parametrize("name", ["member", "viewer", "stranger"])
def test_only_owners_invite_and_see_links(name, lab, made):
    person = getattr(lab, name)
    with pytest.raises(PermissionDenied):
        invite(person, lab.team, Role.VIEWER, num_days=1, max_uses=1)
    with pytest.raises(PermissionDenied):
        revoke_invitation(person, made.invitation)
    assert not invitations_for_owner(person, lab.team).exists()


def test_no_link_makes_an_owner(lab):
    with pytest.raises(PermissionDenied, match="members and viewers"):
        invite(lab.owner, lab.team, Role.OWNER, num_days=1, max_uses=1)


def make_link(owner: Client, team_id: int) -> str:
    asked = {"role": "member", "max_uses": "1", "num_days": "7"}
    page = owner.post(reverse("invitation_new", args=[team_id]), asked)
    assert "no-store" in page["Cache-Control"]
    return re.search(r'value="(http://testserver/join/#fdpi_[\w-]+)"', page.text)[1]


def test_an_owner_makes_a_link_that_is_shown_once(lab, as_person):
    owner = as_person(lab.owner)
    link = make_link(owner, lab.team.id)
    assert link not in owner.get(reverse("team", args=[lab.team.id])).text
    bad = {"role": "owner", "max_uses": "1", "num_days": "7"}
    assert owner.post(reverse("invitation_new", args=[lab.team.id]), bad).status_code == 422


def test_somebody_without_an_account_makes_one_and_joins(lab, as_person, client):
    link = make_link(as_person(lab.owner), lab.team.id)
    assert "by invitation" in client.get(reverse("account_signup")).text
    assert client.post(reverse("join"), {"code": link})["Location"] == reverse("join_confirm")
    assert "invites you to be a member of Lab" in client.get(reverse("join_confirm")).text
    new = {"email": "New@example.org", "password1": "quite a long one", "next": reverse("join_confirm")}
    assert client.post(reverse("account_signup"), new)["Location"] == reverse("join_confirm")
    client.post(reverse("join_confirm"))
    user = User.objects.get(email="new@example.org")
    assert Membership.objects.get(user=user, team=lab.team).role == Role.MEMBER
    assert client.get(reverse("join_confirm"))["Location"] == reverse("join")


def test_somebody_with_an_account_signs_in_and_joins(lab, as_person, client):
    link = make_link(as_person(lab.owner), lab.team.id)
    client.post(reverse("join"), {"code": link})
    client.force_login(lab.stranger)
    assert "You are member in Lab" in client.post(reverse("join_confirm"), follow=True).text


def test_without_a_link_nobody_makes_an_account(client, db):
    new = {"email": "new@example.org", "password1": "quite a long one"}
    assert "by invitation" in client.post(reverse("account_signup"), new).text
    assert client.post(reverse("join"), {"code": "fdpi_guessed"}).status_code == 422
    assert client.post(reverse("join"), {"code": ""}).status_code == 422
    assert not User.objects.exists()


def test_an_owner_revokes_a_link_before_it_is_used(lab, as_person, client):
    owner = as_person(lab.owner)
    client.post(reverse("join"), {"code": make_link(owner, lab.team.id)})
    invitation = Invitation.objects.get()
    owner.post(reverse("invitation_revoke", args=[lab.team.id, invitation.id]))
    assert client.get(reverse("join_confirm"))["Location"] == reverse("join")
    assert "by invitation" in client.get(reverse("account_signup")).text
