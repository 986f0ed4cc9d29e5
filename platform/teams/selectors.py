"""Who is in which team, and what their role lets them do."""

from django.db.models import Count, F, QuerySet

from teams.models import Membership, Role, Team, User

WRITERS = (Role.OWNER, Role.MEMBER)


def teams_of(user: User) -> QuerySet[Team]:
    """The teams that this person may read."""
    return Team.objects.filter(memberships__user=user).order_by("name")


def teams_overview(user: User) -> QuerySet[Team]:
    """The person's teams with their role in each (`role`) and how many people are in it (`num_members`)."""
    counted = Team.objects.annotate(num_members=Count("memberships")).filter(memberships__user=user)
    return counted.annotate(role=F("memberships__role")).order_by("name")


def teams_written_by(user: User) -> QuerySet[Team]:
    """The teams in which this person may submit and cancel."""
    return Team.objects.filter(memberships__user=user, memberships__role__in=WRITERS).order_by("name")


def may_write(user: User, team_id: int) -> bool:
    """Whether this person may submit and cancel in the team: owners and members may, viewers may not."""
    return teams_written_by(user).filter(id=team_id).exists()


def is_owner(user: User, team_id: int) -> bool:
    """Whether this person decides who is in the team."""
    return Membership.objects.filter(user=user, team_id=team_id, role=Role.OWNER).exists()


def visible_memberships(user: User) -> QuerySet[Membership]:
    """Who is in the teams of this person, and as what."""
    return Membership.objects.filter(team__in=teams_of(user)).select_related("user", "team").order_by("user__email")
