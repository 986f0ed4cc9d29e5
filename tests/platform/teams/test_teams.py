"""Roles and what they let people do."""

import pytest
from django.db import IntegrityError, transaction

from teams.models import Membership, Role, Team, User
from teams.selectors import may_write, teams_of, teams_written_by
from teams.services import create_team, create_user, set_role


@pytest.mark.parametrize(
    ("name", "reads", "writes"),
    [("owner", True, True), ("member", True, True), ("viewer", True, False), ("stranger", False, False)],
)
def test_who_reads_and_who_writes(name, reads, writes, lab):
    person = getattr(lab, name)
    assert teams_of(person).contains(lab.team) == reads
    assert teams_written_by(person).contains(lab.team) == writes
    assert may_write(person, lab.team.id) == writes


def test_who_makes_a_team_owns_it(lab):
    team = create_team("Second Lab", lab.viewer)
    assert (team.slug, team.memberships.get().role) == ("second-lab", Role.OWNER)
    assert list(teams_of(lab.viewer)) == [lab.team, team]


def test_a_role_can_be_changed_and_is_held_once(lab):
    set_role(lab.team, lab.viewer, Role.MEMBER)
    assert may_write(lab.viewer, lab.team.id)
    assert Membership.objects.filter(team=lab.team, user=lab.viewer).count() == 1


def test_people_are_known_by_their_address(db):
    user = create_user("Ada@Example.org", "a long password")
    assert (user.email, user.check_password("a long password")) == ("ada@example.org", True)
    with pytest.raises(IntegrityError), transaction.atomic():
        create_user("ada@example.org", "another password")
    assert User.objects.count() == 1


def test_names_of_teams(lab):
    assert str(lab.team) == "Lab"
    assert str(Membership.objects.get(user=lab.viewer)).endswith("in Lab (viewer)")
    assert Team.objects.count() == 2
