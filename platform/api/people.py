"""The person who asks, and their teams."""

from django.http import HttpRequest
from ninja import Router

from api.schemas import MeOut, TeamOut
from teams.models import Membership, User
from teams.selectors import WRITERS

router = Router(tags=["Teams"])


@router.get("/me", response=MeOut)
def me(request: HttpRequest):
    """Who you are to this server."""
    return MeOut(email=request.user.email, teams=_teams(request.user))


@router.get("/teams", response=list[TeamOut])
def teams(request: HttpRequest):
    """Your teams, with your role in each."""
    return _teams(request.user)


def _teams(user: User) -> list[TeamOut]:
    memberships = Membership.objects.filter(user=user).select_related("team").order_by("team__name")
    return [TeamOut.of(membership, membership.role in WRITERS) for membership in memberships]
