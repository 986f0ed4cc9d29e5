"""What changes people and teams."""

from django.db import transaction
from django.utils.text import slugify

from teams.models import Membership, Role, Team, User


def create_user(email: str, password: str) -> User:
    """A person who can sign in with this address."""
    return User.objects.create_user(username=email.lower(), email=email.lower(), password=password)


@transaction.atomic
def create_team(name: str, owner: User) -> Team:
    team = Team.objects.create(name=name, slug=slugify(name))
    set_role(team, owner, Role.OWNER)
    return team


def set_role(team: Team, user: User, role: Role) -> Membership:
    """Make the person a member of the team with this role, or change the role."""
    return Membership.objects.update_or_create(team=team, user=user, defaults={"role": role})[0]
