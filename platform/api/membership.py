"""Who is in a team, who is invited, and who did what. Tokens are made in the browser: one never makes another."""

from datetime import datetime
from typing import Annotated, Literal

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field

from api.paging import Order, PageOf, read_page
from teams import audit, invitations, members
from teams.models import Invitation, Role, Team
from teams.selectors import teams_of, visible_memberships

router = Router(tags=["Teams"])

NEWEST_FIRST = Order(("id",), is_descending=True)


class MemberOut(Schema):
    id: int
    email: str
    role: str


class NewRole(Schema, extra="forbid"):
    role: Literal["owner", "member", "viewer"]


class NewInvitation(Schema, extra="forbid"):
    role: Literal["member", "viewer"]
    num_days: Annotated[int, Field(ge=1, le=90)] = 7
    max_uses: Annotated[int, Field(ge=1, le=1000)] = 1


class InvitationOut(Schema):
    id: int
    role: str
    expires_at: datetime
    max_uses: int
    num_uses: int


class FreshInvitation(InvitationOut):
    code: Annotated[str, Field(description="Shown this once. The link is the address of the site, /join/#code.")]


class EntryOut(Schema):
    id: int
    time: datetime
    who: str
    verb: str
    object: str
    detail: str


class LogPage(Schema):
    items: list[EntryOut]
    next: str | None


@router.get("/teams/{slug}/members", response=list[MemberOut])
def list_members(request: HttpRequest, slug: str):
    """The people of the team, by address."""
    found = visible_memberships(request.user).filter(team=_team(request, slug))
    return [MemberOut(id=one.id, email=one.user.email, role=one.role) for one in found]


@router.patch("/teams/{slug}/members/{member_id}", response=MemberOut)
def change_role(request: HttpRequest, slug: str, member_id: int, body: NewRole):
    """Make a person owner, member or viewer. For owners; one owner stays."""
    membership = _membership(request, slug, member_id)
    members.change_role(request.user, membership, Role(body.role))
    return MemberOut(id=membership.id, email=membership.user.email, role=body.role)


@router.delete("/teams/{slug}/members/{member_id}", response={204: None})
def remove_member(request: HttpRequest, slug: str, member_id: int):
    """Take a person out of the team. For owners; the last owner stays."""
    members.remove_member(request.user, _membership(request, slug, member_id))
    return Status(204, None)


@router.get("/teams/{slug}/invitations", response=list[InvitationOut])
def list_invitations(request: HttpRequest, slug: str):
    """The open invitations. For owners."""
    team = _owned(request, slug)
    return [_invitation(one) for one in invitations.invitations_for_owner(request.user, team)]


@router.post("/teams/{slug}/invitations", response={201: FreshInvitation})
def invite(request: HttpRequest, slug: str, body: NewInvitation):
    """Make an invitation link. For owners. Its code is kept nowhere, so this answer is the one to show it."""
    team = _owned(request, slug)
    made = invitations.invite(request.user, team, Role(body.role), body.num_days, body.max_uses)
    return Status(201, FreshInvitation(**_invitation(made.invitation).model_dump(), code=made.text))


@router.delete("/teams/{slug}/invitations/{invitation_id}", response={204: None})
def revoke_invitation(request: HttpRequest, slug: str, invitation_id: int):
    """Nobody joins by this link any more. For owners."""
    team = _owned(request, slug)
    found = get_object_or_404(invitations.invitations_for_owner(request.user, team), id=invitation_id)
    invitations.revoke_invitation(request.user, found)
    return Status(204, None)


@router.get("/teams/{slug}/log", response=LogPage)
def team_log(request: HttpRequest, slug: str, page: PageOf):
    """Who did what, newest first. For owners."""
    found, following = read_page(audit.entries_before(_owned(request, slug)), NEWEST_FIRST, page)
    entries = [EntryOut(time=one.at, **{name: getattr(one, name) for name in _SAME}) for one in found]
    return LogPage(items=entries, next=following)


_SAME = ("id", "who", "verb", "object", "detail")


def _team(request: HttpRequest, slug: str) -> Team:
    return get_object_or_404(teams_of(request.user), slug=slug)


def _owned(request: HttpRequest, slug: str) -> Team:
    team = _team(request, slug)
    members.require_owner(request.user, team)
    return team


def _membership(request: HttpRequest, slug: str, member_id: int):
    return get_object_or_404(visible_memberships(request.user).filter(team=_team(request, slug)), id=member_id)


def _invitation(one: Invitation) -> InvitationOut:
    return InvitationOut(**{name: getattr(one, name) for name in ("id", "role", "expires_at", "max_uses", "num_uses")})
