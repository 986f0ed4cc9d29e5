"""Who is in which team, and what their role lets them do."""

from django.db.models import QuerySet

from teams.models import Role, Team, User

WRITERS = (Role.OWNER, Role.MEMBER)


def teams_of(user: User) -> QuerySet[Team]:
    """The teams that this person may read."""
    return Team.objects.filter(memberships__user=user).order_by("name")


def teams_written_by(user: User) -> QuerySet[Team]:
    """The teams in which this person may submit and cancel."""
    return Team.objects.filter(memberships__user=user, memberships__role__in=WRITERS).order_by("name")


def may_write(user: User, team_id: int) -> bool:
    """Whether this person may submit and cancel in the team: owners and members may, viewers may not."""
    return teams_written_by(user).filter(id=team_id).exists()
