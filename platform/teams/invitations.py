"""Invitations: a link with a secret text, that an owner makes and whoever holds it may use."""

from dataclasses import dataclass, field
from datetime import timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from teams import audit, secret_texts
from teams.members import require_owner
from teams.models import Invitation, Membership, Role, Team, User
from teams.selectors import is_owner

PREFIX = "fdpi_"
CLOSED = "This invitation has expired, was used up or was revoked: ask an owner of the team for a new link."
ROLES = (Role.MEMBER, Role.VIEWER)
"""What a link may make of a person. Owners are made by hand: a link can get into wrong hands."""


@dataclass(frozen=True)
class MadeInvitation:
    """A fresh invitation with its secret text, which is kept nowhere: this is the one time to show it."""

    invitation: Invitation
    text: str = field(repr=False)


@transaction.atomic
def invite(owner: User, team: Team, role: Role, num_days: int, max_uses: int) -> MadeInvitation:
    """Raises PermissionDenied for people who do not own the team, and for links that would make owners."""
    require_owner(owner, team)
    if role not in ROLES:
        raise PermissionDenied("A link makes members and viewers: make an owner of somebody who is in the team.")
    text = secret_texts.make(PREFIX)
    invitation = Invitation.objects.create(
        team=team,
        role=role,
        digest=secret_texts.digest_of(text),
        created_by=owner,
        expires_at=timezone.now() + timedelta(days=num_days),
        max_uses=max_uses,
    )
    audit.record(owner, team, "made", f"invitation {invitation.id}", f"{role}, {max_uses} times, {num_days} days")
    return MadeInvitation(invitation, text)


@transaction.atomic
def revoke_invitation(owner: User, invitation: Invitation) -> None:
    """Nobody joins by this link any more. Raises PermissionDenied."""
    require_owner(owner, invitation.team)
    if _open().filter(id=invitation.id).update(revoked_at=timezone.now()):
        audit.record(owner, invitation.team, "revoked", f"invitation {invitation.id}")


@transaction.atomic
def join(user: User, invitation: Invitation) -> Membership:
    """Become what the invitation says; who is in the team already stays what they are, and it counts no use.

    Raises ValidationError where it is no longer open.
    """
    held = _open().select_for_update(of=("self",)).filter(id=invitation.id).first()
    if held is None:
        raise ValidationError(CLOSED)
    membership, is_new = Membership.objects.get_or_create(team=held.team, user=user, defaults={"role": held.role})
    if is_new:
        Invitation.objects.filter(id=held.id).update(num_uses=F("num_uses") + 1)
        audit.record(user, held.team, "joined", "the team", f"as {held.role}, invited by {held.created_by.email}")
    return membership


def find_by_text(text: str) -> Invitation | None:
    """The open invitation with this secret text."""
    return _open().filter(digest=secret_texts.digest_of(text)).first()


def find_open(invitation_id: int | None) -> Invitation | None:
    return _open().filter(id=invitation_id).first()


def invitations_for_owner(user: User, team: Team) -> QuerySet[Invitation]:
    """The open invitations of a team, for its owners; nothing for others."""
    return _open().filter(team=team) if is_owner(user, team.id) else Invitation.objects.none()


def _open() -> QuerySet[Invitation]:
    alive = Invitation.objects.filter(revoked_at=None, expires_at__gt=timezone.now(), num_uses__lt=F("max_uses"))
    return alive.select_related("team", "created_by")
