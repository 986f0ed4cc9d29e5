"""What changes people and teams; who is in a team is changed by `members` and `invitations`."""

from django.db import transaction
from django.utils.text import slugify

from teams import audit
from teams.models import Membership, Role, Team, User


def create_user(email: str, password: str) -> User:
    """A person who can sign in with this address."""
    return User.objects.create_user(username=email.lower(), email=email.lower(), password=password)


@transaction.atomic
def create_team(name: str, owner: User) -> Team:
    team = Team.objects.create(name=name, slug=_free_slug(name))
    set_role(team, owner, Role.OWNER)
    audit.record(owner, team, "made", "the team")
    return team


def set_role(team: Team, user: User, role: Role) -> Membership:
    """Make the person a member of the team with this role, or change the role. For the installation itself: people
    go through `members`."""
    return Membership.objects.update_or_create(team=team, user=user, defaults={"role": role})[0]


def _free_slug(name: str) -> str:
    """Teams may share a name; a name without a Latin letter has a slug too."""
    longest = Team._meta.get_field("slug").max_length - 5
    base = slugify(name)[:longest] or "team"
    taken = set(Team.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    free = (slug for slug in (base, *(f"{base}-{number}" for number in range(2, len(taken) + 3))) if slug not in taken)
    return next(free)
